"""Words that tell what a name beside them names, and words that are never names."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Written with a capital letter in English, and no names; with them, words that begin sentences.
NEVER = _words("""
    i i'm i'd i'll i've im monday tuesday wednesday thursday friday saturday sunday january february march april
    may june july august september october november
    december jan feb mar apr jun jul aug sep sept oct nov dec christmas easter halloween thanksgiving god ok
    okay yes no please thanks thank hello hi hey dear sorry well also
    internet web tv pc usa uk eu atm pin api url http https json html css sql pdf faq id iban zip ssn dna ceo
    cto cfo phd ai ml gpu cpu faq asap btw fyi lol
    mobile desk fax phone tel email e-mail website address personal info date name user bot re subject to from
    cc unit suite apt box street st road
    dj sir madam mum mom dad mama papa grandma grandpa auntie uncle am pm bc ad utc gmt est pst wifi wi-fi bluetooth
    it's that's there's here's what's who's let's don't doesn't didn't can't won't isn't aren't wasn't weren't
    couldn't wouldn't shouldn't c'mon you're we're they're he's she's
    you've we've they've you'll we'll they'll you'd we'd they'd note todo chapter section part figure table
    version title answer question act law
    answered according unfortunately however although because since while when where what which who whom whose
    why how if then than this that these those there here they them their
    we us our you your he him his she her it its my me mine an a the and or but so nor yet for of in on at by
    with without within into onto over under about after before during until
    is are was were be been being am do does did has have had can could will would shall should may might must
    not never always ever just only even still already again once twice
    one two three four five six seven eight nine ten first second third last next most more many much few some
    any each every all both either neither another other such same
    wow yep yeah nope cool great nice sounds looks
    feels seems absolutely definitely totally awesome amazing congrats sure glad
    love     excuse maybe follow meet let try want need send give take make get go come see look find keep put tell ask
    use add set run stop start open close call
    """)
NATIONS = _words("""
    afghan albanian algerian american andorran angolan argentine argentinian armenian australian austrian
    azerbaijani bahraini bangladeshi barbadian belarusian belgian belizean belizian
    bolivian bosnian botswanan brazilian british bulgarian burmese cambodian cameroonian canadian catalan
    chadian chilean chinese colombian congolese corsican croatian cuban cypriot czech
    danish dane dominican dutch ecuadorian egyptian emirati english eritrean estonian ethiopian fijian filipino
    finnish finn french gabonese gambian georgian german ghanaian greek greenlandic grenadian guatemalan
    guinean guyanese haitian honduran hungarian icelandic indian indonesian iranian iraqi irish israeli italian
    ivorian jamaican japanese jordanian kazakh kenyan korean kosovan kurdish kuwaiti kyrgyz
    laotian latvian lebanese liberian libyan lithuanian luxembourgish macedonian malagasy malawian malaysian
    maldivian malian maltese mauritian mexican moldovan mongolian montenegrin moroccan mozambican
    namibian nepalese nepali nicaraguan nigerian nigerien norwegian omani pakistani palestinian panamanian
    paraguayan persian peruvian polish pole portuguese qatari romanian russian rwandan salvadoran samoan saudi
    scottish scot senegalese serbian serb singaporean slovak slovakian slovene slovenian somali spanish spaniard
    sudanese surinamese swedish swede swiss syrian taiwanese tajik tanzanian thai tibetan togolese tongan
    trinidadian tunisian turkish turk turkmen ugandan ukrainian uruguayan uzbek venezuelan vietnamese welsh
    yemeni zambian zimbabwean european african asian arab latino latina hispanic
    jewish muslim christian catholic protestant buddhist hindu sikh greenlander briton
    """)
#: Parts of names that are written small.
PARTICLES = _words(
    """
    de del della di da dos das do du des la le van von der den ter ten zu af av bin ibn al el y e op mac o
    """
)
_COMPANY = (
    "inc incorporated corp corporation llc llp ltd limited gmbh ag kg se sa srl spa bv nv plc co company "
    "group holdings partners associates industries systems solutions technologies"
)
_COMPANY_TOO = (
    "bank university college institute foundation association society agency ministry department council "
    "committee hospital clinic school club union orchestra church museum airlines insurance capital "
    "ventures labs media news times"
)
ORGANISATION = _words(f"{_COMPANY} {_COMPANY_TOO}")
#: Known so well that nothing else need say it.
KNOWN_FIRMS = _words(
    """
    google apple microsoft amazon facebook meta twitter netflix uber airbnb spotify ibm intel nvidia oracle
    samsung sony nokia siemens bosch bmw volkswagen toyota citigroup walmart tesla paypal visa mastercard openai
    anthropic linkedin instagram youtube whatsapp telegram slack github gitlab
    """
)

#: What a thing is called after; a name of this sort is no person's.
THINGS = _words(
    """
    day days act law letter tale tales song songs story stories book books week month year season cup prize
    award awards game games show album movie film rights war wars treaty report test plan project program
    pleasures
    """
)
DIRECTIONS = _words(
    """
    north south east west northern southern eastern western central upper lower greater
    """
)

BEFORE_FIRM = re.compile(
    r"(?i)\b(?:work(?:s|ed|ing)?\s(?:for|at)|employed\s(?:by|at)|job\sat|ceo\sof|founder\sof|founded|joined"
    r"|hired\sby|intern(?:ed)?\sat|(?:year|month|week)s?\sat|is\sfrom)\s$"
)
AFTER_FIRM = re.compile(
    r"(?i)^\s(?:is|was)\s(?:an?|the)\s(?:[\w-]+\s){0,3}(?:agency|company|start-?up|firm|business|bank|brand"
    r"|organi[sz]ation|corporation|manufacturer|provider|band|network|newspaper|charity)\b"
    r"|^\s(?:offices?|headquarters|employees|shares|stock|customers|spokes\w+|ceo)\b"
)
BEFORE_PLACE = re.compile(
    r"(?i)\b(?:in|from|near|visit(?:ing|ed)?|around|across|outside|through|via|to|at|based\sin|into|leaving|toward"
    r"|towards|of)\s(?:the\s|downtown\s|northern\s|southern\s|eastern\s|western\s|north\s|south\s)?$"
)
AFTER_PLACE = re.compile(
    r"(?i)^(?:\s(?:bridge|city|town|airport|station|beach|harbou?r|island|river|valley|by\s(?:car|plane|train|boat"
    r"|bus))\b|,\s[A-Z]{2}\b)"
)
BEFORE_PERSON = re.compile(
    r"(?i)(?:\b(?:mr|mrs|ms|miss|dr|prof|sir|madam|lady|lord|professor|doctor|uncle|aunt|auntie|captain|king|queen"
    r"|president|senator|judge)\.?\s|\bname(?:d|\sis|:)?\s|\b(?:called|said|says|told|asked|by|with|dear|hi|hello"
    r"|hey|thanks|thank\syou|meet|met|married|under|guardian|father|mother|brother|sister|wife|husband"
    r"|son|daughter|friend|partner|boss|colleague|neighbou?r|call(?:s)?\sme|i'm|i\sam|this\sis|it's|speak|why\sis"
    r"|heard|follow\sup\swith|director|directed\sby|starring|player|founders?|remember|him|her|to|and|or|but|,|me"
    r"|does|did|is|has)\s)$"
)
AFTER_PERSON = re.compile(
    r"(?i)^(?:['\u2019]s\b|,?\s(?:said|says|asked|told|lives?|lived|loves|loved|likes|liked|wants|wanted|thinks|thought|knows?"
    r"|knew|went|came|called|works?|worked|spent|spoke|was\s(?:an?|born|so|my|the)|is\s(?:an?|from|my|the|so)|has"
    r"|had|just|gets|got|points|and\sI|\d+\s?y)\b|:\s|,\s(?:can|could|please|the|who|whose|my)\b)"
)
HONORIFIC = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|mr|mrs|ms|dr|prof)\b\.?(?=\s[^\W\d_])")
