"""American spellings → British ones, so that "labor" finds "labour" and "digitalization" "digitalisation"."""

from __future__ import annotations

import re

#: -ize and its forms, but for words that have the z in British too
_IZE = re.compile(
    r"^(?!(?:re|down|over|under|out|mid|super|full)?siz|priz|seiz|capsiz|assiz|maiz|apprizi?)"
    r"([a-z]{2,})iz(e|es|ed|er|ers|ing|able|ation|ations|ational)$"
)
_YZE = re.compile(r"^((?:ana|cata|para|electro|hydro|dia)l)yz(e|es|ed|er|ers|ing)$")
#: whole words that take these endings: -or, -er and single consonants
_ENDING = r"(s|ed|ing|er|ers|less|ful|able|ed|al|ally|ist|hood|hoods|ly)?"
_STEMS = {
    "labor": "labour",
    "behavior": "behaviour",
    "neighbor": "neighbour",
    "color": "colour",
    "harbor": "harbour",
    "favor": "favour",
    "honor": "honour",
    "vapor": "vapour",
    "odor": "odour",
    "flavor": "flavour",
    "endeavor": "endeavour",
    "tumor": "tumour",
    "fiber": "fibre",
    "theater": "theatre",
    "liter": "litre",
    "kilometer": "kilometre",
    "program": "programme",
    "catalog": "catalogue",
    "dialog": "dialogue",
    "mold": "mould",
    "sulfur": "sulphur",
}
_WORDS = {
    "center": "centre",
    "centers": "centres",
    "centered": "centred",
    "defense": "defence",
    "offense": "offence",
    "aging": "ageing",
    "gray": "grey",
    "aluminum": "aluminium",
    "enrollment": "enrolment",
    "fulfillment": "fulfilment",
    "counselor": "counsellor",
    "counselors": "counsellors",
    "traveler": "traveller",
    "travelers": "travellers",
    "pediatric": "paediatric",
    "archeology": "archaeology",
    "archeological": "archaeological",
    "archeologist": "archaeologist",
}
#: a consonant that British doubles
_SINGLE = re.compile(r"^(model|travel|label|counsel|fuel|signal|channel|level|cancel)(ed|ing)$")
_KNOWN = re.compile(rf"^({'|'.join(_STEMS)}){_ENDING}$")


def british(word: str) -> str:
    """A lower-case English word in British spelling; any other word as it is."""
    if word in _WORDS:
        return _WORDS[word]
    if found := _KNOWN.match(word):
        return _STEMS[found[1]] + (found[2] or "")
    if found := _IZE.match(word):
        return f"{found[1]}is{found[2]}"
    if found := _YZE.match(word):
        return f"{found[1]}ys{found[2]}"
    if found := _SINGLE.match(word):
        return f"{found[1]}{found[1][-1]}{found[2]}"
    return word
