"""The commonest words of a few languages: they tell which language a text is in, and that they tell nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

#: A text in another language than English holds at least so many of that language's common words.
FEWEST = 2

# Articles, pronouns, auxiliaries, prepositions, conjunctions and question words, written as words are folded.
_COMMON: Final = {
    "english": """
    a about again all also am an and any are as ask at be been being but by can cannot could couldn d did didn do does
    doesn doing don done for from get gets getting give go goes going got had has hasn have haven having he her here
    hers him his how i if in into is isn it its just kind ll m may me mention might mine my no not of on one or our
    ours out over please re s said say shall she should so some such t take tell than that the their them then there
    these they thing things this those to too type up us ve very was wasn way we were what when where which while who
    whom whose why will with won would wouldn you your yours""",
    "german": """
    aber als am an auch auf aus bei bin bis bist da damit dann das dass dein deine deinem deinen deiner dem den denn der
    des dich die dir doch du ein eine einem einen einer eines er es etwas fur hab habe haben hast hat hatte hatten hier
    ich ihm ihn ihnen ihr ihre ihrem ihren im in ins ist ja kann kannst kein keine konnen mal man mein meine meinem
    meinen meiner mich mir mit muss nach nicht noch nun nur ob oder schon sehr sein seine seinem seinen seiner sich sie
    sind so uber um und uns unser unsere vom von vor wann war waren warum was weil welche welchen welcher welches wem
    wen wenn wer werden wie wieder will wir wird wo zu zum zur""",
    "french": """
    ai as au aussi aux avec avez avons avait c ce cela ces cet cette comment d dans de des donc du elle elles en est et
    etait etes eu fait il ils j je l la le les leur leurs lui m ma mais me mes moi mon n ne nos notre nous on ont ou par
    pas plus pour pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se ses si son sont suis sur t ta te
    tes toi ton tu un une vos votre vous y""",
    "spanish": """
    al algo como con cual cuales cuando de del desde donde el ella ellas ellos en entre era eres es esa ese eso esta
    estaba estan estas este esto estoy fue ha habia han hay he hemos la las le les lo los mas me mi mis mucho muy nada
    ni no nos nuestra nuestro o para pero por porque que quien se ser si sin sobre son soy su sus tambien te tengo tiene
    tu tus un una uno y ya yo""",
    "italian": """
    ai al alla alle anche che chi ci come con cosa cui da dal dalla dei del della delle di dove e ed era gli ha hai
    hanno ho i il in io la le lei lo loro lui ma mi mia mie miei mio ne nel nella no noi non o per perche piu qual quale
    quando quanto quella quello questa questo se sei si sono su sua sue suo te ti tra tu tua tuo un una uno voi""",
    "portuguese": """
    a ao aos as com como da das de dela dele do dos e ela elas ele eles em era essa esse esta estava este eu foi ha isso
    isto ja lhe mais mas me meu meus minha minhas muito na nao nas no nos nossa nosso o onde os ou para pela pelo por
    porque qual quando que quem se sem ser seu seus sua suas tambem te tem tenho um uma voce voces""",
    "dutch": """
    aan al als bij dan dat de der deze die dit door een en er geen had heb hebben heeft hem het hier hij hoe hun ik in
    is ja je jij jou jouw kan kon maar me meer mij mijn moet na naar niet nog nu of om omdat onder ons onze ook op over
    te toen tot u uit uw van veel voor waar waarom wanneer want waren was wat we welke wel werd wie wij wil wordt zal ze
    zei zich zij zijn zo zonder zou""",
}
_LANGUAGES: Final[dict[str, tuple[str, ...]]] = {}
for _language, _words in _COMMON.items():
    for _word in _words.split():
        _LANGUAGES[_word] = (*_LANGUAGES.get(_word, ()), _language)


def language_of(words: Iterable[str]) -> str:
    """Return the language that folded words are most likely in; English where nothing says otherwise."""
    found: dict[str, int] = {}
    for languages in filter(None, map(_LANGUAGES.get, words)):
        for language in languages:
            found[language] = found.get(language, 0) + 1
    best = max(found, key=lambda language: (found[language], language == "english"), default="english")
    return best if found.get(best, 0) >= FEWEST else "english"


def is_common(word: str, language: str) -> bool:
    """Tell whether a folded word tells nothing of what a text in that language is about."""
    return language in _LANGUAGES.get(word, ())
