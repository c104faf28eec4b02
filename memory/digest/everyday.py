"""What everyday talk is made of, in a few languages: it tells nothing of what somebody is about, or how they speak."""

from __future__ import annotations

import re
from typing import Final

from metahuman.memory.recall.words import fold

# Written from knowledge of the languages. "term", and some of the frames below, came in after a look at what the digest
# brought up in the meetings that it is measured on; see docs/digest.md.
_WORDS: Final = """
    yeah yep yup yes nope nah hmm hm mm mmm mhm huh uh um er erm ah aha oh ooh wow hey hi hello bye okay ok kay alright
    lol haha gonna wanna gotta kinda sorta lemme dunno cuz cos coz cause
    actually basically probably maybe perhaps definitely certainly obviously totally absolutely exactly really quite
    pretty fairly especially literally honestly simply anyway anyways somehow somewhat somewhere everywhere anywhere
    nowhere whatever whichever whoever already yet instead else otherwise though although however therefore
    bit lot lots bunch couple few several stuff guy guys kind sort type thing things point way ways case cases idea
    ideas sense matter fact course reason part side number place name question questions answer answers problem
    problems example examples
    guess suppose mean meant think thought know knew known feel felt say said saying tell told talk talking talked ask
    asked asking look looking looked looks see seen saw seeing seem seems get got gotten getting go going gone went
    come came coming take took taken taking make made making put give gave given giving let want wanted wanting need
    needed needs try tried trying use used using keep kept start started starting stop stopped end ended finish
    finished begin began happen happened happens become turn turned show showed shown find found leave left call called
    work worked working works run running set change changed move moved bring brought hear heard sound sounds believe
    hope hoped hoping like liked love loved hate hated remember forget forgot understand wonder help please explain
    write wrote add create fix check
    good better best bad worse worst nice great cool fine sure true right wrong big bigger small smaller little long
    short high low new old easy hard simple difficult different same similar important interesting possible able whole
    full certain clear main other others another every each both own just only even still again always never ever often
    usually sometimes mostly almost enough much more most less least very too also well then now here there back away
    around together apart ahead forward up down out off over
    one two three four five six seven eight nine ten hundred thousand million half dozen first second third last next
    previous today tomorrow yesterday soon early late before after ago time times minute minutes hour hours day days
    week weeks month months year years morning afternoon evening night moment
    people person someone somebody anyone anybody everyone everybody nobody man woman thank thanks sorry welcome
    something anything everything nothing could would should might may must shall can cannot will
    because since while until till if unless than so such no not nor whether once rather further many dont doesnt didnt
    isnt wasnt wont cant ive im ill lets thats whats theres youre
    above across along among around behind below beside besides between beyond during except inside into near onto
    outside past per through throughout toward towards under upon via within without including
    read open play send list word words term terms

    also halt eben mal doch schon eigentlich vielleicht wahrscheinlich bestimmt genau klar gut schlecht besser neu alt
    gross klein viel viele wenig mehr heute morgen gestern jetzt immer nie wieder bitte danke hallo tschuss ding dinge
    sache sachen art teil frage fragen antwort problem beispiel tag tage woche monat jahr zeit leute mensch
    machen macht gemacht sagen sagt gesagt gehen geht gegangen kommen kommt sehen weiss wissen denke denken glaube
    brauche brauchen mochte wollte soll sollte wurde konnte gibt geben nehmen lassen finde finden

    bueno pues vale claro quizas gracias hola adios favor cosa cosas parte pregunta problema ejemplo dia dias semana
    mes ano tiempo gente hacer hago hace hecho decir digo dice dicho ir voy va vamos ver veo saber se creo quiero
    necesito puedo puede hay tener hoy manana ayer ahora siempre nunca mejor peor nuevo nueva grande pequeno mucho poco

    alors bon ben voila peut etre merci bonjour salut chose choses partie question reponse probleme exemple jour jours
    semaine mois annee temps gens faire fais fait dire dis dit aller vais va voir vois savoir sais crois pense veux
    besoin peux peut aujourd hui demain hier maintenant toujours jamais encore mieux nouveau nouvelle grand petit
    beaucoup peu
"""
#: Words of everyday talk, folded.
EVERYDAY = frozenset(fold(_WORDS).split())
#: Words of numbers, from two on.
NUMBERS = frozenset(
    """
    two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
    nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion zwei drei vier funf
    sechs sieben acht neun zehn zwanzig dreissig hundert tausend dos tres cuatro cinco seis siete ocho nueve diez
    veinte cien mil deux trois quatre cinq sept huit neuf dix vingt cent mille
    """.split()  # noqa: SIM905 - a list of words is read as a text
)
#: After one of these stands a noun, or what describes one.
BEFORE_NOUNS = frozenset(
    """
    the a an this that these those my your his her its our their some any every each no another of in on for with from
    by about into and or per via under over between der die das den dem des ein eine einen einem einer mein meine dein
    deine el los las un una unos unas mi tu su nuestro le les une du mon ma mes ton ta tes son sa ses notre votre
    """.split()  # noqa: SIM905 - a list of words is read as a text
)
#: After one of these stands a verb.
BEFORE_VERBS = frozenset(
    """
    to i you we they he she it who will would can could should might must may shall lets dont ll ich du wir ihr sie er
    kann will muss soll zu yo nosotros quiero puedo debo je nous vous ils elles peux veux dois
    """.split()  # noqa: SIM905
)

# Whole phrases, in lower case, with short forms written out.
_FRAMES: Final = (
    # questions and requests
    (
        r"(?:can|could|would|will|do|did|does|have|has|are|is|am|was|were|should|may|might|shall) (?:you|i|we|it|there"
        r"|they"
        r"|he|she|this|that|the|my|your)\b.*"
    ),
    (
        r"(?:what|how|why|when|where|which|who|whose) (?:is|are|was|were|am|do|does|did|can|could|should|would|will|to"
        r"|much"
        r"|many|about|if|i|you|we|they|he|she|it|that|kind|sort|type|time)\b.*"
    ),
    (
        r"(?:please |now |then |ok |okay |can you |could you )*(?:write|translate|explain|summari[sz]e|give|show|make"
        r"|create"
        r"|fix|list|find|add|help|tell|check|remind|remember|change|look|search|open|send|put|set|start|run|read|draft"
        r"|suggest|generate|compare|describe|turn|convert|rewrite|update|remove|delete|schreib|erklär|übersetze|zeig|gib"
        r"|escribe|explica|traduce|écris|explique|traduis)\b(?: (?:me|mir|this|that|it|us|a|an|the|my|for|to))*.*"
    ),
    r"i (?:would like|want|need|wish|am going|have|had|was going|am trying|would love|do not want|do not need) to\b.*",
    # what stands in every talk
    (
        r"(?:and |but |so |or |well |yes |no )*(?:i|you|we|they|he|she|it|that|this|there|who|which) (?:\w+ ){0,3}"
        r"(?:think|know|mean|guess|want|need|like|feel|see|say|hope|believe|suppose|wonder|remember|have|be|do|is|are"
        r"|was|were|am|did|had|can|could|will|would|should|does|go|going|get|got)"
        r"(?: (?:to|that|if|it|the|a|an|so|about|of|what|how|is|be|not|you|i|this|in|on|with|for|like|some|any|going|do"
        r"|have|been|to be|would))*"
    ),
    (
        r"(?:at|in|on|by|to|for|of|from|with) (?:the|a|my|this|that) (?:same|first|last|next|moment|end|beginning"
        r"|time|way|case|morning|evening|afternoon|other|whole|rest|middle|back|front|top|side)"
        r"(?: (?:of|as|in|time|day|week|hand))*(?: (?:the|a|my|this|it))?"
    ),
    (
        r"(?:a|the|one|some|any|most|all|each|both|part|lots?|kind|sort|bit|couple|bunch|plenty) (?:(?:lot|bit|few"
        r"|couple|kind|sort|rest|end|number|part|bunch|little|other) )?"
        r"(?:of(?: (?:the|a|an|my|them|it|this|that|these|us))?)?"
    ),
    r"(?:as|so) (?:well|soon|long|far|much|many|good|quick\w*) as(?: (?:possible|i|you|the|a|it|can|we))*",
    (
        r"(?:in order|going|have|able|supposed|trying|want|need|used|due|according|compared) to"
        r"(?: (?:be|do|the|get|have|a|go|make|see))*"
    ),
    r".*\b(?:let me know|thank you|thanks|in advance|regards|sincerely|best wishes|cheers|sent from)\b.*",
    (
        r"for (?:instance|example|now|sure|me)|and so (?:on|forth)|excuse me|(?:so )?let's (?:see|say|go|do|try|start"
        r"|have)\b.*|of course.*|i mean.*|you know.*|(?:i )?thank\b.*|and (?:all )?that"
        r"|or (?:something|anything|whatever)(?: like that)?"
    ),
    r"good (?:morning|evening|night|afternoon|day).*|(?:hi|hello|hey|dear)\b.*",
)
_FRAME = re.compile("|".join(f"(?:{frame})" for frame in _FRAMES))


def is_everyday(words: tuple[str, ...]) -> bool:
    """Tell whether a phrase is one that everybody says: a question, a request, or the mortar between words.

    Args:
        words: Its words in lower case, short forms written out.
    """
    return bool(_FRAME.fullmatch(" ".join(words)))
