"""Facts that a text states plainly of its owner, or of somebody by name: subject, attribute, value.

Precision comes first: a question, a plan, a wish, a condition, a quotation, a joke, another's word states nothing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime

from metahuman.memory.hygiene.fact_patterns import BASE, FEELINGS, HABIT, NAMED, PATTERNS, SHAPES, STOPPED, Pattern
from metahuman.memory.hygiene.places import PEOPLES, REGIONS
from metahuman.memory.hygiene.wording import opened, plain, sentences, words

OWNER = "owner"
#: A text of more characters is a story or a paste; what it says of "I" may be anybody's.
LONGEST = 2000

_SET_UP = re.compile(
    r"\b(?:imagine|pretend|role-?play|hypothetical\w*|suppose|let's say|fiction\w*|novel|short story|lyrics|poem"
    r"|screenplay|character|translate|proofread|rewrite|rephrase|paraphrase|summari[sz]e|grammar|for example|such as"
    r"|e\.g|draft|dear \w+|forwarded|wrote|stell dir vor|angenommen|imagina|imagine que|traduce|übersetze?|traduis)\b"
    r"|^\s*(?:from|subject|to|fwd?|re):|^\s*>",
    re.IGNORECASE | re.MULTILINE,
)
_DOUBT = re.compile(
    r"\b(?:if|unless|would|wouldn't|could|couldn't|should|might|(?-i:may)|maybe|perhaps|probably|possibly|wish|wished"
    r"|hope|hoping|want|wanna|wants|wanted|plan|plans|planning|planned|going to|gonna|will|won't|shall|thinking|think"
    r"|thinks|thought|consider\w*|dream|dreams|dreamed|dreamt|dreaming|almost|nearly|guess|seems?|apparently|rumou?rs?"
    r"|heard|unsure|not sure|wonder\w*|joking|kidding|joke|jk|haha\w*|lol|lmao|rofl|sarcas\w*|said|says|say|told|tells"
    r"|asked|asks|claims?|claimed|believes?|believed|according|quote\w*|once|back then|in those days|growing up"
    r"|tomorrow|next|soon|until|till|temporar\w*|weekend|weekends|sometimes|occasionally|before|ago|last year|used as"
    r"|no one|nobody|when i|when we|as a (?:kid|child|teen\w*|student)|wenn|falls|würde|könnte|möchte|vielleicht|werde"
    r"|sagte?|früher|wahrscheinlich|si|quizás?|tal vez|quiero|quisiera|gustaría|voy a|podría|dice|dijo|antes|mañana"
    r"|peut-être|voudrais|aimerais|vais|pourrais|dit|avant|demain)\b|'d\b|'ll\b|\U0001f602|\U0001f923|\U0001f61c"
    r"|\U0001f609"
    r"|\U0001f61d|\U0001f605|;-?\)|\b/s\b|\"|(?:^|\s)'\S",
    re.IGNORECASE,
)
_FICTION = re.compile(
    r"\b(?:game|minecraft|sims|movie|film|book|song|story|episode|series|tv|head|heart|mind|alternate|parallel"
    r"|other life)\b",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"(?:\?|\b(?:right|huh|eh|isn't it|don't i|do i|am i|aren't i|or not|oder|verdad|no|hein))\W*$", re.IGNORECASE
)
_CLAUSE = re.compile(r"\s*(?:[,;\u2014\u2013]| - |\b(?:and|but|so|because|und|aber|weil|y|pero|porque|et|mais)\b)\s+")
_FIRST = re.compile(r"(?:i|i'm|i've|we|we're|ich|wir|yo|je|j')\b", re.IGNORECASE)
_RECENT = (
    r"now|right now|at the moment|currently|these days|nowadays|again|too|as well|already|finally|today|yesterday"
    r"|by the way|btw|for good|instead|since (?:\w+ ?){1,3}|as of (?:\w+ ?){1,3}|from (?:now|today)(?: on)?"
    r"|this (?:week|month|morning|year)|last (?:week|month|night|weekend|(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
    r"|on (?:mon|tues|wednes|thurs|fri|satur|sun)day|in (?:january|february|march|april|may|june|july|august|september"
    r"|october|november|december)|jetzt|ahora|maintenant|with my (?:family|wife|husband|partner|kids|girlfriend"
    r"|boyfriend|dog|cat)|with (?-i:[A-Z])\w+"
)
_TRAIL = re.compile(rf"(?:,? (?:{_RECENT}))+$", re.IGNORECASE)
_IN_YEAR = re.compile(r" (in|since) ((?:19|20)\d\d)$", re.IGNORECASE)
_NO_LONGER = re.compile(r"\b(?:no longer|not) (?=.)|\b(?:don't|do not|doesn't|does not) (?=.)", re.IGNORECASE)
_ANYMORE = re.compile(r"\b(?:any ?more|any longer)$", re.IGNORECASE)
_USED_TO = re.compile(r"^((?:i|we|[A-Z][\w-]+|my \w+)) used to (?:be )?", re.IGNORECASE)
_NO_PERSON = frozenset(
    word
    for line in (
        "he she it they this that there these those everyone everybody nobody someone somebody anyone who what",
        "which where when here one people i we you the a an my our his her their no not all some today yesterday",
    )
    for word in line.split()
)
#: Products and programs that people "move to" without leaving home.
_NO_PLACES = frozenset(
    word
    for line in (
        "slack teams zoom notion linux ubuntu debian fedora mac macos windows android iphone ios python rust go",
        "golang react vue kubernetes docker aws azure gcp gmail outlook emacs vim neovim vscode obsidian jira",
        "github gitlab linear figma excel postgres postgresql mysql mongodb signal whatsapp telegram discord",
        "mastodon bluesky spotify netflix kotlin swift java typescript terraform plan monday tuesday wednesday",
        "thursday friday saturday sunday fear hope peace denial hell heaven january february march april june",
        "july august september october november december mars hogwarts narnia",
    )
    for word in line.split()
)
_ARTICLE = re.compile(r"^(?:an?|the|my|on|on the|der|die|das|el|la|le)\s+")


@dataclass(frozen=True)
class Fact:
    """What a text says of a matter of which one thing is true at a time.

    Args:
        subject: "owner", or whose matter it is.
        attribute: What it is about: home, doctor, favourite colour, …
        value: What holds, in lower case without an article.
        ended: Whether the text says that it holds no longer.
    """

    subject: str
    attribute: str
    value: str
    ended: bool = False

    @property
    def sign(self) -> str:
        """The one word by which an index finds every memory that says something of this subject's attribute."""
        return "fact" + hashlib.sha256(f"{self.subject}|{self.attribute}".encode()).hexdigest()[:12]

    def contradicts(self, other: Fact) -> bool:
        """Tell whether both cannot hold at once; a value that merely says more, or less, is the same."""
        if self.sign != other.sign or (other.ended and (self.ended or not other.value)):
            return False
        return self._agrees(other) if self.ended or other.ended else not self._agrees(other)

    def _agrees(self, other: Fact) -> bool:
        mine, theirs = set(self.value.split()), set(other.value.split())
        return mine <= theirs or theirs <= mine


@dataclass(frozen=True)
class Stated:
    """What a text states.

    Args:
        facts: The facts, each of another matter.
        rest: How many words it has beside them.
    """

    facts: tuple[Fact, ...]
    rest: int


NOTHING = Stated((), 0)
#: How a clause begins that a pattern could fit; most do not, and are done with.
_HEAD = re.compile(
    r"(?:i|i'm|i've|we|we're|we've|my|our|please|you can|just|everyone can|call me|the|project|ich|wir|meine?|yo|vivo"
    r"|vivimos|ahora|trabajo|me|mi|je|nous|on|mon)\b|j'|[^\W\d_][\w-]*(?: [^\W\d_][\w-]*)?(?:'s birthday| (?:has |now "
    r"|just |recently )*"
    r"(?:lives|moved|works))\b",
    re.IGNORECASE,
)


def stated(text: str, at: datetime | None = None) -> Stated:
    """Return the facts that a text states, by patterns on its clauses.

    Args:
        text: What the owner said.
        at: When; a year that is named must be the same one, else the text tells of earlier times.
    """
    text = plain(text)
    if len(text) > LONGEST:
        return NOTHING
    parts = [(sentence, _in_sentence(sentence, at)) for sentence in sentences(text)]
    found = [fact for sentence, (facts, _) in parts for fact in facts]
    if not found or _SET_UP.search(text):
        return NOTHING
    matters = [(fact.subject, fact.attribute) for fact in found]
    # Told twice differently, it is a story: where the owner lived first and then.
    facts = tuple(fact for fact, matter in zip(found, matters, strict=True) if matters.count(matter) == 1)
    return Stated(facts, sum(max(len(words(sentence)) - said, 0) for sentence, (_, said) in parts))


def _in_sentence(sentence: str, at: datetime | None) -> tuple[list[Fact], int]:
    """Return the facts of a sentence, and how many of its words state them."""
    found: list[Fact] = []
    said = 0
    for part in _CLAUSE.split(opened(sentence)):
        clause = opened(part.strip()).strip(" .!")
        fact = _in_clause(clause, at) if _HEAD.match(clause) else None
        if fact:
            found.append(fact)
            said += len(words(clause))
        elif clause and not (_FIRST.match(clause) or found):
            break  # what stands before it may be its condition, its place or its speaker
    if not found or _DOUBT.search(sentence) or _TAG.search(sentence):
        return [], 0
    told = bool(_FICTION.search(sentence))
    found = [fact for fact in found if fact.attribute.startswith("favourite") or not told]
    return found, said if found else 0


def _in_clause(clause: str, at: datetime | None) -> Fact | None:
    said, of_old = _without_time(clause, at)
    if of_old:
        return None
    habit = _habit(said)
    if habit:
        return habit
    said, ended = _without_end(said)
    for pattern in PATTERNS:
        found = pattern.regex.fullmatch(said)
        fact = _fact(pattern, found) if found else None
        if fact:
            return replace(fact, ended=ended or pattern.shape == "none")
    return None


def _without_time(clause: str, at: datetime | None) -> tuple[str, bool]:
    """Return the clause without the time it ends with, and whether that is another year than this."""
    year = _IN_YEAR.search(clause)
    if not year:
        return _TRAIL.sub("", clause), False
    of_old = year[1].casefold() == "in" and (at is None or int(year[2]) != at.year)
    return _TRAIL.sub("", clause[: year.start()]), of_old


def _without_end(clause: str) -> tuple[str, bool]:
    """Return the clause as if it held still, and whether it says that it does not."""
    used, said = _USED_TO.match(clause), _ANYMORE.sub("", clause).strip()
    if used:
        return f"{used.group(1)} {said[used.end() :]}", True
    without = _NO_LONGER.sub("", said, count=1)
    return without, without != clause


def _habit(clause: str) -> Fact | None:
    """Return what the owner does, likes, or has stopped."""
    used = _USED_TO.match(clause)
    ended = bool(used or re.search(r"\bno longer\b|\bany ?more$", clause, re.IGNORECASE))
    said = re.sub(r"\bno longer ", "", _ANYMORE.sub("", clause).strip(), flags=re.IGNORECASE)
    said = f"i {said[used.end() :]}" if used else said
    stopped, found = STOPPED.fullmatch(said), HABIT.fullmatch(said)
    hit = stopped or found
    if not hit:
        return None
    verb, value = hit["verb"].casefold(), _value(hit["v"])
    if not value and BASE.get(verb, verb) not in ("smoke", "drink"):
        return None
    yes = FEELINGS.get(verb, True) and not stopped
    if found and (found["not"] or (ended and not found["not"])):
        yes = not yes
    matter = "likes" if verb in FEELINGS else BASE.get(verb, verb)
    return Fact(OWNER, f"{matter} {value}".strip(), "yes" if yes else "no")


def _fact(pattern: Pattern, found: re.Match[str]) -> Fact | None:
    parts = found.groupdict()
    raw = (parts["v"] or "").strip(" .!")
    if not SHAPES[pattern.shape].fullmatch(raw) or not _fits(pattern, raw):
        return None
    subject = parts.get("s")
    if subject and not _is_person(subject):
        return None
    attribute = pattern.attribute.replace("{k}", (parts.get("k") or "").casefold().strip())
    attribute = attribute.replace("favorite", "favourite").strip()
    value = re.sub(r"\b(?:of|on|the) ", "", _value(raw)) if pattern.shape == "date" else _value(raw)
    attribute = "country" if attribute == "home" and value in REGIONS else attribute
    return Fact(subject.casefold() if subject else OWNER, attribute, value)


def _fits(pattern: Pattern, raw: str) -> bool:
    """Tell whether a value is one: of a place or person no pronoun or product, of a thing one that has a name."""
    if pattern.attribute in NAMED and raw and not re.search(r"[A-Z0-9\u00c0-\u00dc]", raw):
        return False
    first = raw.split()[0].casefold().strip(".,") if raw else ""
    if pattern.shape in ("place", "organisation", "name"):
        return raw.casefold() not in PEOPLES and first not in _NO_PERSON - {"the"} and first not in _NO_PLACES
    return True


def _is_person(subject: str) -> bool:
    if subject.casefold().startswith("my "):
        return True
    parts = subject.split()
    return all(part[0].isupper() and part.casefold() not in _NO_PERSON for part in parts)


def _value(raw: str) -> str:
    """Return a value as it is compared: a number by its digits, a word in lower case without its article."""
    text = " ".join(raw.casefold().split()).strip(" .!,")
    if re.fullmatch(r"\+?[\d(][\d ()./-]{4,}\d", text) and not re.search(r"\d[./]\d+[./]", text):
        return re.sub(r"\D", "", text)
    return re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", _ARTICLE.sub("", text))
