"""Greetings, thanks and nods: what people say to be kind, and nothing is to be remembered of."""

from __future__ import annotations

import re

from metahuman.memory.hygiene.wording import words

#: Longer than this, a message is more than a nicety.
NICETY_WORDS = 10

#: What is answered to these is a nicety too.
_GREETINGS = """
hi; hello; hey; hiya; howdy; yo; sup; greetings; welcome; welcome back; morning; evening; afternoon; gm; gn
good morning; good evening; good afternoon; good night; good day; night; how are you; how are you doing
how is it going; goodnight; how do you do; what is up; nice to meet you; nice to see you; how are things
how are you today; how are you doing today; how was your day; how is your day; thanks; thank you; thank; thx; ty
tysm; cheers; much appreciated; appreciate it; i appreciate it; you are welcome; no worries; no problem; np
my pleasure; anytime; bye; goodbye; good bye; cya; see you; see ya; see you later; see you soon; see you tomorrow
see you around; talk later; talk soon; talk to you later; later; talk to you soon; talk tomorrow; ttyl; take care
sleep well; good luck; have a good one; have a good day; have a nice day; have a great day; have a good night
have a good evening; have a nice evening; have a good weekend; have a great weekend; have a lovely day; you too
and you; same to you; same here; i am fine; i am good; i am ok; i am okay; i am great; i am well; all good
doing good; doing fine; doing well; not bad; not too bad; sorry; no prob; hallo; moin; servus; guten morgen
guten tag; guten abend; gute nacht; danke; danke schön; danke dir; danke sehr; vielen dank; tschüss; tschüs; ciao
bis bald; bis später; bis dann; bis morgen; wie geht es dir; wie geht's; hola; buenos días; buenos dias
buenas tardes; buenas noches; buenas; gracias; muchas gracias; adiós; adios; hasta luego; hasta mañana; hasta pronto
qué tal; que tal; cómo estás; como estas; salut; bonjour; bonsoir; bonne nuit; coucou; bonne journée; bonne soirée
merci; merci beaucoup; au revoir; à bientôt; à demain; ça va; ca va; comment ça va
"""
#: These may have brought about an answer that says a lot.
_NODS = """
ok; okay; okey; okie; k; kk; alright; all right; right; sure; sure thing; yes; yeah; yep; yup; yea; no; nope; nah
fine; cool; nice; great; good; perfect; awesome; amazing; excellent; wonderful; brilliant; lovely; sweet; neat
super; got it; gotcha; i see; understood; makes sense; that makes sense; will do; done; noted; roger; roger that
sounds good; sounds great; sounds fine; that is good; that is great; that is fine; that is perfect; that is nice
that is cool; that is right; that is it; that is all; that is true; that is correct; that is interesting
that is funny; that is ok; that is okay; it is ok; it is fine; looks good; works for me; fair enough; exactly
correct; true; indeed; absolutely; definitely; of course; agreed; i agree; lol; lmao; rofl; haha; hahaha; hehe; hm
hmm; mm; mhm; uh; um; ah; oh; aw; wow; huh; omg; oops; yay; ugh; meh; eh; go on; go ahead; continue; next; more
tell me more; keep going; never mind; nevermind; nvm; forget it; whatever; idk; i do not know; not sure; maybe
perhaps; test; testing; ja; nein; genau; klar; stimmt; gut; prima; passt; alles klar; verstanden; weiter; sí; si
claro; vale; bueno; perfecto; bien; genial; exacto; oui; non; d'accord; parfait; très bien; ouais; voilà; compris
please; interesting; funny; same; ditto; good job; great job; well done; nice one; good one
good call; good idea; great idea; good point; good stuff; great stuff; nice work; good work; great news; good news; ta
brb; gtg; gotta go; i have to go; i am off; off to bed; going to bed; i am going to bed; alrighty; fab; no rush; my bad
"""
#: Said beside the others, never alone.
_BESIDE = """
there; everyone; all; again; so much; a lot; a bunch; very much; a million; for that; for this; for everything
anyway; for the help; for your help; for now; for helping; for asking; my friend; my dear; buddy; mate; dude; bro
man; friend; then; well; so; and; now; just; really; very; too; pretty; today; tonight; dear; it; that; but; honey
guys; also; always
"""
_RUN = re.compile(r"([^\W\d_])\1{2,}")


def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for line in text.splitlines() for phrase in line.split(";") if phrase.strip())


_GREET, _NOD, _ASIDE = _phrases(_GREETINGS), _phrases(_NODS), _phrases(_BESIDE)
_LONGEST = max(phrase.count(" ") + 1 for phrase in _GREET | _NOD | _ASIDE)


#: Greetings and thanks after which one strange word is somebody's name, or a manner of speaking.
_ADDRESSED = re.compile(
    r"(?:hi|hello|hey|thanks|thank you|many thanks|good (?:morning|evening|afternoon|night)|good ?bye|bye|hallo"
    r"|guten (?:morgen|tag|abend)|gute nacht|danke|hola|gracias|buenos días|buenas noches|salut|bonjour|bonsoir|merci)"
    r"(?: an?)? [^\W\d]+"
)


def is_nicety(text: str) -> bool:
    """Tell whether a text is greetings, thanks and nods only; their letters may be drawn out, as in "heyyy"."""
    parts = _parts(text)
    return bool(parts) and any(part not in _ASIDE for part in parts or ())


def is_greeting(text: str) -> bool:
    """Tell whether a nicety greets, thanks or takes leave, so that its answer is a nicety as well."""
    return any(part in _GREET or part not in _NOD | _ASIDE for part in _parts(text) or ())


def _parts(text: str) -> list[str] | None:
    """Return the phrases that a text is made of; None where it says something else as well, or nothing."""
    if len(text) > NICETY_WORDS * 12:
        return None
    left = words(_RUN.sub(r"\1", text))
    if not 0 < len(left) <= NICETY_WORDS:
        return None
    if _ADDRESSED.fullmatch(" ".join(left)):
        return [" ".join(left)]
    found = []
    while left:
        size = next((n for n in range(min(_LONGEST, len(left)), 0, -1) if _known(" ".join(left[:n]))), 0)
        if not size:
            return None
        found.append(" ".join(left[:size]))
        left = left[size:]
    return found


def _known(phrase: str) -> bool:
    return phrase in _GREET or phrase in _NOD or phrase in _ASIDE
