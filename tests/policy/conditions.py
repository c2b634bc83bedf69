"""Condition blocks of policies. Part of the reference, see `reference.py`.

Where AWS and the notes this was written from leave something open:

- `ForAnyValue:…IfExists` on an absent key. AWS says of IfExists that the element is then true, and of ForAnyValue that it is
  false. Those who tried it on AWS found an Allow without effect, and AWS's own examples pair it with a Null, so it is false here.
- A key with a list of values and an operator without a set prefix does not match, negated or not, also when the list has one
  value: the kind of the key decides, not how many values it happens to have.
- A value of the request that is no number, date or address equals nothing, so a negated operator holds on it.
- An IPv4 address written as IPv6 (`::ffff:a.b.c.d`) is the IPv4 address.
"""

import base64
import datetime
import decimal
import fractions
import ipaddress
import operator
import re

from text import arn_covers, as_list, expand, glob, plain, scalar

DATE = re.compile(r"^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?)?$")
NUMBER = re.compile(r"^[+-]?\d+(\.\d+)?$")


def number(text):
    return decimal.Decimal(text) if NUMBER.match(text) else None


def date(text):
    """Seconds since 1970 of an ISO date or of a number of seconds. Four digits are a year."""
    match = DATE.match(text)
    if not match:
        return fractions.Fraction(text) if NUMBER.match(text) else None
    year, month, day, hour, minute, second, part, zone = match.groups()
    try:
        moment = datetime.datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
            tzinfo=datetime.timezone.utc,
        )
    except ValueError:
        return None
    seconds = fractions.Fraction(moment.timestamp()) + fractions.Fraction("0" + (part or ".0"))
    if zone and zone != "Z":
        away = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
        seconds -= away if zone[0] == "+" else -away
    return seconds


def address(text):
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def in_network(policy, request):
    try:
        network = ipaddress.ip_network(policy, strict=False)
    except ValueError:
        return False
    found = address(request)
    return found is not None and found.version == network.version and found in network


def same_bytes(policy, request):
    try:
        return base64.b64decode(policy, validate=True) == base64.b64decode(request, validate=True)
    except ValueError:
        return False


def compared(read, compare):
    """An operator on values that are read first; `compare` takes the request's value, then the policy's."""

    def test(pattern, request):
        left, right = read(request), read(plain(pattern))
        return left is not None and right is not None and compare(left, right)

    return test


def on_text(compare):
    return lambda pattern, request: compare(plain(pattern), request)


# Each takes the pattern of one policy value and one value of the request.
POSITIVE = {
    "StringEquals": on_text(operator.eq),
    "StringEqualsIgnoreCase": on_text(lambda policy, request: policy.lower() == request.lower()),
    "StringLike": glob,
    "NumericEquals": compared(number, operator.eq),
    "NumericLessThan": compared(number, operator.lt),
    "NumericLessThanEquals": compared(number, operator.le),
    "NumericGreaterThan": compared(number, operator.gt),
    "NumericGreaterThanEquals": compared(number, operator.ge),
    "DateEquals": compared(date, operator.eq),
    "DateLessThan": compared(date, operator.lt),
    "DateLessThanEquals": compared(date, operator.le),
    "DateGreaterThan": compared(date, operator.gt),
    "DateGreaterThanEquals": compared(date, operator.ge),
    "Bool": on_text(lambda policy, request: policy.lower() == request.lower()),
    "BinaryEquals": on_text(same_bytes),
    "IpAddress": on_text(in_network),
    "ArnEquals": arn_covers,
    "ArnLike": arn_covers,
}

# A negated operator is its positive one, said of no value.
NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}

# Only texts and ARNs have variables; elsewhere `${` is text, which is no number, date or address.
WITH_VARIABLES = ("String", "Arn")


def split_operator(name):
    """`ForAllValues:StringNotLikeIfExists` → ("ForAllValues", "StringNotLike", True)."""
    prefix, _, rest = name.rpartition(":")
    if rest.endswith("IfExists"):
        return prefix, rest[: -len("IfExists")], True
    return prefix, rest, False


def one_value_holds(name, patterns, request):
    """One value of the request against all values of the policy: any of them, or none of them for a negated operator.

    A pattern that is None (a variable without a value) equals nothing.
    """
    test = POSITIVE[NEGATED.get(name, name)]
    found = any(pattern is not None and test(pattern, request) for pattern in patterns)
    return not found if name in NEGATED else found


def absent_key_holds(prefix, name, if_exists):
    if prefix:
        return prefix == "ForAllValues"
    return if_exists or name in NEGATED


def entry_holds(operator_name, values, present, version, context):
    """One operator, one key: `present` is the request's value, a list of them, or None."""
    prefix, name, if_exists = split_operator(operator_name)
    texts = [scalar(value) for value in as_list(values)]
    if name == "Null":
        wanted = "true" if present is None else "false"
        return any(text.lower() == wanted for text in texts)
    if present is None:
        return absent_key_holds(prefix, name, if_exists)
    if name.startswith(WITH_VARIABLES) or name.removeprefix("Not").startswith(WITH_VARIABLES):
        patterns = [expand(text, version, context) for text in texts]
    else:
        patterns = [expand(text, None, context) for text in texts]
    if prefix == "ForAllValues":
        return all(one_value_holds(name, patterns, value) for value in as_list(present))
    if prefix == "ForAnyValue":
        return any(one_value_holds(name, patterns, value) for value in as_list(present))
    return isinstance(present, str) and one_value_holds(name, patterns, present)


def block_holds(block, version, context):
    """A whole Condition: every key of every operator."""
    return all(
        entry_holds(operator_name, values, context.get(key), version, context)
        for operator_name, keys in block.items()
        for key, values in keys.items()
    )
