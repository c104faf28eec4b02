from itertools import pairwise

import pytest

from metahuman.memory.curation.identifiers import identifiers_in


def said(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in identifiers_in(text)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("card 4111 1111 1111 1111 exp 09/27", "card", "4111 1111 1111 1111"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN", "DE89 3704 0044 0532 0130 00"),
        ("write to jane.doe+news@mail.example.co.uk!", "email", "jane.doe+news@mail.example.co.uk"),
        ("jane [at] proton [dot] me", "email", "jane [at] proton [dot] me"),
        ("call +49 151 23456789 tomorrow", "phone", "+49 151 23456789"),
        ("my cell is (415) 555-2671", "phone", "(415) 555-2671"),
        ("415-555-2671 is my number", "phone", "415-555-2671"),
        ("Tel. 030 1234567", "phone", "030 1234567"),
        ("Fax: 345-899-3560x4587", "phone", "345-899-3560x4587"),
        ("they do not answer at 71-33-52-22", "phone", "71-33-52-22"),
        ("his number is 853-37-1694", "national id", "853-37-1694"),
        ("el DNI 12345678Z", "national id", "12345678Z"),
        ("RSSMRA85T10A562S", "national id", "RSSMRA85T10A562S"),
        ("CPF 390.533.447-05", "national id", "390.533.447-05"),
        ("AHV 756.9217.0769.85", "national id", "756.9217.0769.85"),
        ("PESEL 44051401359", "national id", "44051401359"),
        ("my passport number is C01X00T47", "passport", "C01X00T47"),
        ("license plate 7ABC123", "licence plate", "7ABC123"),
        ("my driver's license number is 2270-66-1551", "driving licence", "2270-66-1551"),
        ("ZIP: 75534-030", "postal code", "75534-030"),
        ("the server 195.206.132.199 is down", "IP address", "195.206.132.199"),
        ("at 6e40:4041:c617:e898:c11:40d2:c669:2eb4", "IP address", "6e40:4041:c617:e898:c11:40d2:c669:2eb4"),
        ("MAC 00:1A:2B:3C:4D:5E", "MAC address", "00:1A:2B:3C:4D:5E"),
        ("we met at 52.520008, 13.404954", "coordinates", "52.520008, 13.404954"),
        ("I was born on March 3, 1985 in Leeds", "birth date", "March 3, 1985"),
        ("DOB: 1985-03-03", "birth date", "1985-03-03"),
        ("born in 1985", "birth date", "1985"),
        ("btc 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "wallet", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        ("eth 0x52908400098527886E0F7030069857D2E4169EE7", "wallet", "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("see www.example-person.de/about.", "web address", "www.example-person.de/about"),
        ("I live at 221B Baker Street, London.", "street address", "221B Baker Street, London"),
        ("au 12 rue de la Paix, 75002 Paris", "street address", "12 rue de la Paix, 75002 Paris"),
        ("Hauptstraße 12, 10115 Berlin", "street address", "Hauptstraße 12, 10115 Berlin"),
        ("PO Box 1234, Springfield, IL 62704", "street address", "PO Box 1234, Springfield, IL 62704"),
        ("Meet me at PSC 1437, Box 3833\nAPO AA 66791", "street address", "PSC 1437, Box 3833\nAPO AA 66791"),
    ],
)
def test_what_is_found(text: str, kind: str, value: str) -> None:
    assert said(text) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "I ran 12 km in 2015 and 3,500 steps in 2016-2017.",
        "Version 1.2.3.4 of the app, on 127.0.0.1",
        "The meeting is on 2024-05-12 at 10:30.",
        "We sold 1500000 units in 2021, up 12.5%.",
        "order 1234567890123456",
        "Python 3.11.4 and numpy 2.2.0",
        "I called 3 times, at 9:15 and 10:45",
        "ISBN 978-3-16-148410-0",
        "the number 1234567 is prime",
        "commit 3f5669d54579033ec6a1b1c9913510e7e42963cb",
        "Chapter 12, page 345-350",
        "it costs $ 1 200 000 or 1 200 000 €",
        "My account is locked. I took the bus 42 home.",
        "two weekends before 17 July 2023",
        "my accounts of 500 tons of hemp",
        "GB82 WEST 1234 5698 7654 33",
        "",
    ],
)
def test_other_numbers_are_left(text: str) -> None:
    assert said(text) == []


def test_a_card_needs_its_check_digit_unless_it_is_called_one() -> None:
    assert said("the row 4111111111111112 of the table") == []
    assert said("my card 4111111111111112 of the bank") == [("card", "4111111111111112")]


def test_findings_are_in_order_and_apart() -> None:
    found = identifiers_in("Mail a@b.org, call 415-555-2671, card 4111111111111111, IP 195.206.132.199")
    assert [one.kind for one in found] == ["email", "phone", "card", "IP address"]
    assert all(one.end <= other.start for one, other in pairwise(found))
