"""How people say what holds of them: patterns for matters of which only one thing can be true at a time.

What may hold several times (children, hobbies, friends, pets, languages) is left out on purpose: nothing supersedes it.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Shape = Literal["place", "name", "organisation", "number", "email", "age", "date", "thing", "word", "none"]

_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_CAPITAL = r"[A-Z\u00c0-\u00dc][\w'.-]*"
_NAME = rf"(?:(?:Dr|Prof|Mr|Mrs|Ms|Dra)\.? )?{_CAPITAL}(?: (?:de|da|del|van|von|di|al|{_CAPITAL})){{0,3}}"
#: What a value must look like; capitals count, since they tell Rome from "the front row".
SHAPES: dict[Shape, re.Pattern[str]] = {
    "place": re.compile(
        r"(?:the )?[A-Z\u00c0-\u00dc][\w'.-]*(?: (?:de|da|do|del|am|of|the|[A-Z\u00c0-\u00dc][\w'.-]*)){0,4}"
    ),
    "name": re.compile(_NAME),
    "organisation": re.compile(rf"(?:the )?(?:\d|{_CAPITAL})[\w&'.-]*(?: (?:of|for|and|de|&|{_CAPITAL})){{0,5}}"),
    "number": re.compile(r"\S{0,4}\+?[\d(][\d ().,/:-]*\d?(?: ?[\w%/\u20ac$\u00a3]+){0,3}"),
    "email": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "age": re.compile(r"1[4-9]|[2-9]\d|1[01]\d"),
    "date": re.compile(
        rf"(?:on )?(?:the )?(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTHS}|{_MONTHS} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?"
        r"|\d{1,4}[./-]\d{1,2}[./-]\d{0,4}|\d{1,2}\. ?\w+)(?:,? \d{4})?",
        re.IGNORECASE,
    ),
    "thing": re.compile(
        r"(?!(?:that|to|when|how|not|what|still|gone|coming|back|too|so|very|quite|really|pretty|rather|getting|going"
        r"|great|good|bad|fine|ok|okay|broken|dead|away|late|here|there|lost|slow|old|down|up|out|off|on|at|in|with"
        r"|always|never|due|over|better|worse|high|low|long|short|full|empty|killing|making|an? (?:lot|bit|mess|joke"
        r"|pain|nightmare|problem))\b)\S+(?: \S+){0,4}"
    ),
    "word": re.compile(r"\S+(?: \S+){0,2}"),
    "none": re.compile(r""),
}


class Pattern(NamedTuple):
    """A way to say something.

    Args:
        attribute: What it is about; `{k}` stands for what the pattern captured as `k`.
        shape: What the value must look like.
        regex: The whole clause; `v` is the value, `s` the subject where that is not the owner.
    """

    attribute: str
    shape: Shape
    regex: re.Pattern[str]


_NOW = r"(?:(?:now|currently|just|recently|finally|officially|still|already) )?"
_IM = r"(?:i am|i'm|we are|we're)"
_KIN = (
    r"(?P<s>my (?:wife|husband|partner|girlfriend|boyfriend|fianc\u00e9e?|mother|mom|mum|father|dad|boss)"
    r"|(?-i:(?!My )[A-Z\u00c0-\u00dc])[\w-]+(?: (?-i:[A-Z\u00c0-\u00dc])[\w-]+)?)"
)
_ROLE = (
    r"(?P<k>wife|husband|girlfriend|boyfriend|fianc\u00e9e?|partner|doctor|gp|dentist|therapist|lawyer|accountant|boss"
    r"|manager|landlord|landlady|vet|hairdresser|psychologist|psychiatrist|supervisor|team lead|tax advisor"
    r"|physiotherapist)"
)
_MATTER = (
    r"(?P<k>rent|salary|weight|height|shoe size|blood type|time ?zone|username|nickname|password|passcode|pin"
    r"|wi-?fi password|gym|bank|insurance|health insurance|licen[cs]e plate|last name|surname|maiden name|middle name"
    r"|star sign|major|university|phone provider|internet provider|phone|laptop|computer|bike|office|desk|locker code"
    r"|door code|room number|bedtime|alarm|nationality|religion|blood pressure|commute|shift|sponsor|gate code"
    r"|favou?rite)"
)
_DIET = (
    r"(?P<v>(?:a )?(?:strict )?(?:vegan|vegetarian|pescatarian|pescetarian|flexitarian|omnivore|carnivore)"
    r"|(?:on a )?(?:keto|low-carb|gluten-free|paleo|halal|kosher|carnivore|mediterranean) ?(?:diet)?)"
)
_STATE = r"(?P<v>single|married|engaged|divorced|widowed|separated|in a relationship)"
_STATUS = (
    r"(?P<v>done|finished|complete|completed|cancell?ed|on hold|delayed|postponed|blocked|live|launched|approved"
    r"|rejected|paused|on track|in progress|under way|ready|signed|closed|open|submitted|accepted)"
)
_TABLE: tuple[tuple[str, Shape, str], ...] = (
    ("home", "place", rf"(?:i|we) {_NOW}(?:live|reside) in (?P<v>.+)"),
    ("home", "place", rf"{_IM} {_NOW}(?:living|based) in (?P<v>.+)"),
    ("home", "place", rf"(?:i|we)(?: have|'ve)? {_NOW}(?:moved(?: house| home)?|relocated) (?:back )?to (?P<v>.+)"),
    ("home", "place", rf"(?:my|our) {_NOW}(?:new )?(?:home|home ?town|city) is (?:now )?(?:in )?(?P<v>.+)"),
    ("home", "place", rf"{_KIN} {_NOW}lives in (?P<v>.+)"),
    ("home", "place", rf"{_KIN} (?:has )?{_NOW}moved (?:back )?to (?P<v>.+)"),
    ("address", "thing", r"(?:my|our) (?:new |current |home )*address is (?:now )?(?P<v>.+)"),
    ("address", "number", rf"(?:i|we) {_NOW}live at (?P<v>.+)"),
    ("employer", "organisation", rf"i {_NOW}work (?:at|for) (?P<v>.+)"),
    ("employer", "organisation", rf"{_IM} {_NOW}(?:working|employed) (?:at|for|by) (?P<v>.+)"),
    ("employer", "organisation", r"my (?:new |current )?employer is (?:now )?(?P<v>.+)"),
    (
        "employer",
        "organisation",
        (rf"i(?: have|'ve)? {_NOW}(?:started|got|took) (?:working|a (?:new )?job) (?:at|for|with) (?P<v>.+)"),
    ),
    ("employer", "organisation", rf"{_KIN} {_NOW}works (?:at|for) (?P<v>.+)"),
    ("employer", "none", r"i(?: have|'ve)? (?:just )?(?:quit|left|lost) my job(?P<v>)"),
    ("job", "thing", rf"i {_NOW}work as (?:an? |the )?(?P<v>.+)"),
    (
        "job",
        "thing",
        (r"my (?:new |current )?(?:job|job title|profession|occupation) is (?:now )?(?:an? |being an? )?(?P<v>.+)"),
    ),
    ("job", "thing", r"i (?:was|got|have been|'ve been) promoted to (?P<v>.+)"),
    (
        "phone number",
        "number",
        (
            r"(?:my|our) (?:new |current )?(?:(?:tele|cell|mobile |mobile|cell )?phone |mobile "
            r"|cell )?number is (?:now )?(?P<v>.+)"
        ),
    ),
    (
        "{k} email",
        "email",
        (
            r"(?:my|our) (?:new |current )?(?P<k>work |private |personal |school "
            r"|old )?e-?mail(?: address)? is (?:now )?(?P<v>.+)"
        ),
    ),
    ("car", "thing", r"(?:my|our) (?:new |current )?car is (?:now )?(?P<v>an? .+|the .+|[A-Z].+)"),
    ("car", "thing", rf"(?:i|we) {_NOW}drive (?P<v>an? (?!lot\b|bit\b|while\b|.* (?:for|at|to)\b).+)"),
    ("car", "none", r"(?:i|we)(?: have|'ve)? (?:just |finally )?sold (?:my|our|the) car(?P<v>)"),
    ("{k}", "name", rf"my (?:new |current )?{_ROLE} is (?:now )?(?:called |named )?(?P<v>.+)"),
    ("{k}", "name", rf"my (?:new |current )?{_ROLE}'s name is (?:now )?(?P<v>.+)"),
    ("{k}", "thing", rf"(?:my|our) (?:new |current )?{_MATTER} is (?:now )?(?:up to |down to )?(?P<v>.+)"),
    (
        "{k}",
        "number",
        (
            rf"(?:my|our) {_MATTER} (?:went up|went down|increased|dropped|changed|rose|has changed"
            rf"|was raised) to (?P<v>.+)"
        ),
    ),
    ("age", "age", rf"{_IM} {_NOW}(?P<v>\d+)(?: years? old| yrs? old)?"),
    ("age", "age", r"i(?: have|'ve)? (?:just )?turned (?P<v>\d+)"),
    ("name", "name", r"my (?:new |real |full )?name is (?:now )?(?P<v>.+)"),
    ("name", "name", r"i(?: have|'ve)? changed my name to (?P<v>.+)"),
    ("called", "name", r"(?:please |you can |just |everyone can )*call me (?P<v>.+)"),
    ("called", "name", rf"i {_NOW}go by (?P<v>.+)"),
    ("diet", "word", rf"{_IM} {_NOW}{_DIET}"),
    ("diet", "word", rf"i(?: have|'ve)? {_NOW}(?:went|gone|became|become|turned) {_DIET}"),
    ("relationship", "word", rf"{_IM} {_NOW}{_STATE}"),
    ("relationship", "word", rf"(?:i|we) (?:just |finally )?got {_STATE}"),
    (
        "favourite {k}",
        "thing",
        (r"my (?:new |current |all-time |absolute )?favou?rite (?P<k>[\w-]+(?: [\w-]+)?) is (?:now )?(?P<v>.+)"),
    ),
    (
        "birthday",
        "date",
        (
            r"(?P<s>(?-i:[A-Z\u00c0-\u00dc])[\w-]+|my (?:wife|husband|partner|mother|mom|mum|father"
            r"|dad))'s birthday is (?P<v>.+)"
        ),
    ),
    ("birthday", "date", r"my birthday is (?P<v>.+)"),
    ("birthday", "date", r"i was born (?:on )?(?P<v>.+)"),
    ("weight", "number", rf"i {_NOW}weigh (?:around |about )?(?P<v>.+)"),
    ("height", "number", rf"{_IM} (?P<v>\d+(?:[.,]\d+)? ?(?:cm|m|feet|ft)(?: tall)?)"),
    ("status of {k}", "word", rf"the status of (?P<k>[\w' -]{{3,40}}) is (?:now )?{_STATUS}"),
    (
        "status of {k}",
        "word",
        (
            rf"(?:the |our |my )(?P<k>[\w' -]{{2,40}}(?:project|renovation|migration|application|order|contract|book"
            rf"|thesis|visa|loan|launch|release|report)) is (?:now )?{_STATUS}"
        ),
    ),
    ("status of {k}", "word", rf"(?P<k>[Pp]roject [A-Z][\w-]+) is (?:now )?{_STATUS}"),
    # German, Spanish, French
    ("home", "place", r"(?:ich wohne|wir wohnen|ich lebe|wir leben) (?:jetzt |nun |inzwischen )?in (?P<v>.+)"),
    ("home", "place", r"(?:ich bin|wir sind) (?:jetzt |gerade )?nach (?P<v>.+?) (?:um)?gezogen"),
    ("employer", "organisation", r"ich arbeite (?:jetzt |nun )?bei (?:der )?(?P<v>.+)"),
    ("name", "name", r"(?:ich hei\u00dfe|mein name ist) (?:jetzt )?(?P<v>.+)"),
    ("doctor", "name", r"mein(?:e)? (?:neuer |neue )?(?:Haus)?[Aa\u00c4\u00e4]rzt(?:in)? ist (?:jetzt )?(?P<v>.+)"),
    ("phone number", "number", r"meine (?:neue )?(?:Telefon|Handy|telefon|handy)?[Nn]ummer ist (?:jetzt )?(?P<v>.+)"),
    ("home", "place", r"(?:yo )?(?:ahora )?(?:vivo|vivimos) (?:ahora )?en (?P<v>.+)"),
    ("home", "place", r"me (?:he mudado|mud\u00e9) a (?P<v>.+)"),
    ("employer", "organisation", r"(?:ahora )?trabajo (?:ahora )?(?:en|para) (?P<v>.+)"),
    ("name", "name", r"me llamo (?P<v>.+)"),
    ("phone number", "number", r"mi (?:nuevo )?n\u00famero (?:de tel\u00e9fono )?es (?:ahora )?(?:el )?(?P<v>.+)"),
    ("home", "place", r"(?:j'habite|nous habitons|je vis|on habite) (?:maintenant )?(?:\u00e0|en|au) (?P<v>.+)"),
    ("home", "place", r"j'ai d\u00e9m\u00e9nag\u00e9 (?:\u00e0|en|au) (?P<v>.+)"),
    ("employer", "organisation", r"je travaille (?:maintenant )?(?:chez|pour) (?P<v>.+)"),
    ("name", "name", r"je m'appelle (?P<v>.+)"),
    (
        "phone number",
        "number",
        (r"mon (?:nouveau )?num\u00e9ro (?:de t\u00e9l\u00e9phone )?est (?:maintenant )?(?:le )?(?P<v>.+)"),
    ),
)
PATTERNS = tuple(Pattern(attribute, shape, re.compile(regex, re.IGNORECASE)) for attribute, shape, regex in _TABLE)

#: Matters whose value must hold a capital or a digit: "my bank is closed" and "I drive a bus" name none.
NAMED = frozenset(["{k}", "car"])
#: What one does or feels, or does not: the later of two such words holds.
HABIT = re.compile(
    r"i (?P<not>(?:don't|do not|never|can't|cannot) )?(?:(?:now|really|absolutely|also|actually) )?(?P<verb>eat|drink"
    r"|smoke|like|love|enjoy|hate|dislike|use|wear|take|play)(?P<v>(?: (?!the\b|your\b|his\b|their\b|to\b|it\b|this\b"
    r"|that\b|you\b|him\b|her\b|them\b|when\b|how\b"
    r"|what\b)\S+){0,3})",
    re.IGNORECASE,
)
STOPPED = re.compile(
    r"i(?: have|'ve)? (?:just |finally |recently )?(?:quit|stopped|gave up|given up) (?P<verb>eat|drink|smok|us|wear"
    r"|tak|play)ing"
    r"(?P<v>(?: \S+){0,3})",
    re.IGNORECASE,
)
#: Verbs that say the same of a liking, and whether they say yes.
FEELINGS = {"like": True, "love": True, "enjoy": True, "hate": False, "dislike": False}
BASE = {"smok": "smoke", "us": "use", "tak": "take"}
