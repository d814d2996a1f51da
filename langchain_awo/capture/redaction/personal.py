"""Personal data by its form: addresses, numbers and accounts; masked on request only."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from langchain_awo.model.secrets.shapes import Span

PERSONAL_KEYS: Final = (
    "email",
    "e_mail",
    "email_address",
    "phone",
    "phone_number",
    "telephone",
    "mobile",
    "mobile_number",
    "fax",
    "first_name",
    "last_name",
    "middle_name",
    "full_name",
    "given_name",
    "family_name",
    "surname",
    "street",
    "street_address",
    "address",
    "address1",
    "address2",
    "address_line",
    "date_of_birth",
    "birth_date",
    "birthday",
    "dob",
    "passport",
    "passport_number",
    "national_id",
    "tax_id",
    "ip",
    "ip_address",
)
"""What is under these keys is personal."""

_EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])")
_PHONE: Final = re.compile(
    r"(?<![\w+.-])(?:\+\d(?:[ ().-]{0,2}\d){7,14}|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}|0\d{2,4}[ /-]\d{5,9})(?![\w-])"
)
_CARD: Final = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){11,18}(?![\w-])")
_IBAN: Final = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
)
_ADDRESS: Final = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w:]|\.\d)"
)


def find_personal_data(text: str) -> Iterator[Span]:
    """E-mail addresses, telephone numbers, card numbers (Luhn), IBANs (ISO 7064) and IP addresses in a text."""
    for pattern, holds in (
        (_EMAIL, None),
        (_PHONE, None),
        (_CARD, is_card_number),
        (_IBAN, is_iban),
        (_ADDRESS, is_ip_address),
    ):
        for match in pattern.finditer(text):
            if holds is None or holds(match[0]):
                yield match.span()


def is_card_number(text: str) -> bool:
    """Whether the digits pass the check of Luhn.

    >>> is_card_number("4111 1111 1111 1111"), is_card_number("4111 1111 1111 1112")
    (True, False)
    """
    digits = [int(digit) for digit in text if digit.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]  # noqa: PLR2004  # two digits are added up
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether the check digits of an account number are right.

    >>> is_iban("DE89 3704 0044 0532 0130 00"), is_iban("DE88 3704 0044 0532 0130 00")
    (True, False)
    """
    compact = text.replace(" ", "")
    return int("".join(str(int(letter, 36)) for letter in compact[4:] + compact[:4])) % 97 == 1


def is_ip_address(text: str) -> bool:
    """Whether it is an address of version 4 or 6 that belongs to somebody; `12:30:45` and `0.0.0.0` are none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)
