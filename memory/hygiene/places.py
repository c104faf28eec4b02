"""Names of countries and peoples: who lives in Ghent lives in Belgium as well, and a Greek doctor is not called so."""

from __future__ import annotations


def _names(*lines: str) -> frozenset[str]:
    return frozenset(name.strip() for line in lines for name in line.split(","))


#: Regions that hold many homes; a home in one does not contradict a home in a town.
REGIONS = _names(
    "europe, asia, africa, america, north america, south america, latin america, oceania, scandinavia, uk, usa",
    "us, eu, uae, united kingdom, united states, great britain, england, scotland, wales, northern ireland",
    "ireland, france, germany, spain, portugal, italy, austria, switzerland, belgium, netherlands, luxembourg",
    "denmark, sweden, norway, finland, iceland, poland, czechia, czech republic, slovakia, hungary, romania",
    "bulgaria, greece, turkey, cyprus, malta, croatia, serbia, slovenia, bosnia, montenegro, albania, kosovo",
    "north macedonia, estonia, latvia, lithuania, belarus, ukraine, moldova, russia, georgia, armenia, azerbaijan",
    "kazakhstan, uzbekistan, israel, palestine, lebanon, jordan, syria, iraq, iran, saudi arabia, qatar, kuwait",
    "bahrain, oman, yemen, egypt, libya, tunisia, algeria, morocco, sudan, ethiopia, kenya, uganda, tanzania",
    "rwanda, ghana, nigeria, senegal, ivory coast, cameroon, angola, mozambique, zambia, zimbabwe, namibia",
    "botswana, south africa, madagascar, india, pakistan, bangladesh, sri lanka, nepal, afghanistan, china",
    "taiwan, japan, south korea, north korea, korea, mongolia, thailand, vietnam, cambodia, laos, myanmar",
    "malaysia, indonesia, philippines, australia, new zealand, fiji, canada, mexico, guatemala, honduras",
    "el salvador, nicaragua, costa rica, cuba, jamaica, haiti, dominican republic, puerto rico, colombia",
    "venezuela, ecuador, peru, bolivia, chile, argentina, uruguay, paraguay, brazil, alabama, alaska, arizona",
    "arkansas, california, colorado, connecticut, delaware, florida, hawaii, idaho, illinois, indiana, iowa",
    "kansas, kentucky, louisiana, maine, maryland, massachusetts, michigan, minnesota, mississippi, missouri",
    "montana, nebraska, nevada, new hampshire, new jersey, new mexico, north carolina, north dakota, ohio",
    "oklahoma, oregon, pennsylvania, rhode island, south carolina, south dakota, tennessee, texas, utah, vermont",
    "virginia, west virginia, wisconsin, wyoming, ontario, quebec, british columbia, alberta, bavaria, bayern",
    "catalonia, andalusia, tuscany, sicily, brittany, normandy, provence, tyrol, deutschland, österreich, schweiz",
    "italien, spanien, frankreich, españa, francia, alemania, italia, inglaterra, estados unidos, allemagne",
    "espagne, italie, angleterre, suisse, belgique",
)
PEOPLES = _names(
    "american, british, english, scottish, welsh, irish, french, german, spanish, portuguese, italian, austrian",
    "swiss, belgian, dutch, danish, swedish, norwegian, finnish, polish, czech, slovak, hungarian, romanian",
    "bulgarian, greek, turkish, croatian, serbian, ukrainian, russian, israeli, lebanese, syrian, iraqi, iranian",
    "persian, arab, egyptian, moroccan, tunisian, algerian, kenyan, nigerian, ethiopian, indian, pakistani",
    "chinese, taiwanese, japanese, korean, thai, vietnamese, filipino, indonesian, australian, canadian, mexican",
    "colombian, peruvian, chilean, argentinian, brazilian, cuban, jewish, muslim, christian orthodox, catholic",
    "hindu, buddhist, european, african, asian, latino, latina",
)
