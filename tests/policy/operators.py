"""Cells of what one statement covers: the truth table of the operators, and tables of values for each of them.

A user of the key's account calls. An Allow is tried in its identity policy, where the key policy delegates to the account; a Deny
in the key policy, where all else allows.
"""

ACCOUNT = "111122223333"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0987dcba-09fe-87dc-65ba-ab0987654321"
ALIAS = f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/"
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
NEW = "2012-10-17"
TAGS = {"aws:PrincipalTag/team": "blue", "aws:PrincipalTag/star": "*", "aws:PrincipalTag/arn": "a:b"}

# Operator: its key, two policy values, and values of the request that hit the first, only the second, and neither.
TEXT = ("aws:PrincipalTag/x", "blue", "green", "blue", "green", "red")
CASELESS = ("aws:PrincipalTag/x", "blue", "green", "BLUE", "Green", "red")
LIKE = ("aws:PrincipalTag/x", "bl*", "gr??n", "blue", "green", "red")
EQUAL = ("kms:RotationPeriodInDays", "10", "20", "10.0", "20", "15")
LESS = ("kms:RotationPeriodInDays", "10", "20", "9", "15", "30")
MORE = ("kms:RotationPeriodInDays", "20", "10", "30", "15", "9")
DAY = ("aws:CurrentTime", "2026-11-22", "2026-11-23", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z")
BEFORE = ("aws:CurrentTime", "2026-11-22", "2026-11-24", "2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-25T00:00:00Z")
AFTER = ("aws:CurrentTime", "2026-11-24", "2026-11-22", "2026-11-25T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-21T00:00:00Z")
NETWORK = ("aws:SourceIp", "203.0.113.0/24", "2001:db8::/32", "203.0.113.9", "2001:db8::9", "198.51.100.1")
ARN = (
    "aws:SourceArn", f"arn:aws:iam::{ACCOUNT}:role/*", "arn:aws:iam::444455556666:role/app",
    f"arn:aws:iam::{ACCOUNT}:role/app", "arn:aws:iam::444455556666:role/app", "arn:aws:iam::444455556666:role/other",
)

OPERATORS = {
    "StringEquals": TEXT, "StringNotEquals": TEXT,
    "StringEqualsIgnoreCase": CASELESS, "StringNotEqualsIgnoreCase": CASELESS,
    "StringLike": LIKE, "StringNotLike": LIKE,
    "NumericEquals": EQUAL, "NumericNotEquals": EQUAL,
    "NumericLessThan": LESS, "NumericLessThanEquals": LESS,
    "NumericGreaterThan": MORE, "NumericGreaterThanEquals": MORE,
    "DateEquals": DAY, "DateNotEquals": DAY,
    "DateLessThan": BEFORE, "DateLessThanEquals": BEFORE,
    "DateGreaterThan": AFTER, "DateGreaterThanEquals": AFTER,
    "Bool": ("aws:SecureTransport", "true", "false", "true", "false", None),
    "BinaryEquals": ("aws:PrincipalTag/x", "aGVsbG8=", "d29ybGQ=", "aGVsbG8=", "d29ybGQ=", "AGVSBG8="),
    "IpAddress": NETWORK, "NotIpAddress": NETWORK,
    "ArnEquals": ARN, "ArnLike": ARN, "ArnNotEquals": ARN, "ArnNotLike": ARN,
}


def statement(effect, condition=None, **other):
    found = {"Effect": effect, "Action": "kms:*", "Resource": "*"} | other
    return found | ({"Condition": condition} if condition else {})


def document(*statements, version=NEW):
    return ({"Version": version} if version else {}) | {"Statement": list(statements)}


def delegating(*more, version=NEW):
    return document(statement("Allow", Principal={"AWS": ACCOUNT}), *more, version=version)


def asking(context, identity, key_policy, action="kms:Decrypt", resource=KEY):
    case = {"principal": USER, "action": action, "resource": resource, "context": context, "identityPolicies": [identity]}
    return case if key_policy is None else case | {"resourcePolicy": key_policy}


def allowing(condition, context, version=NEW):
    return asking(context, document(statement("Allow", condition), version=version), delegating())


def denying(condition, context, version=NEW):
    deny = statement("Deny", condition, Principal="*")
    return asking(context, document(statement("Allow")), delegating(deny, version=version))


def both(name, condition, context, version=NEW):
    yield f"{name} in an Allow", allowing(condition, context, version)
    yield f"{name} in a Deny", denying(condition, context, version)


def states(first, second, neither):
    """What the request may say for the key. A list is a key with several values."""
    yield "absent", None
    for value in (first, second, neither):
        if value is not None:
            yield f"one {value}", value
            yield f"list of {value}", [value]
    yield "many, all meant", [first, second]
    if neither is not None:
        yield "many, one meant", [neither, first]
        # One more that is not meant; a date or Base64 with a digit more would be none.
        yield "many, none meant", [neither, neither if neither[-1] in "Z=" else neither + "0"]


def truth_table():
    prefixes = ("", "ForAllValues:", "ForAnyValue:")
    forms = [(prefix, suffix) for prefix in prefixes for suffix in ("", "IfExists")]
    for operator, (key, one, two, *request) in OPERATORS.items():
        for prefix, suffix in forms:
            found = list(states(*request)) + ([("empty list", [])] if prefix and not suffix else [])
            for values in (one, [one], [one, two]):
                for state, value in found:
                    name = f"{prefix}{operator}{suffix}"
                    context = TAGS if value is None else TAGS | {key: value}
                    yield from both(f"{name} {values} with {state}", {name: {key: values}}, context)
    for values in ("true", "false", True, False, ["true"], ["true", "false"]):
        for state, value in (("absent", None), ("one", "x"), ("list of one", ["x"]), ("many", ["x", "y"])):
            context = TAGS if value is None else TAGS | {"aws:PrincipalTag/x": value}
            yield from both(f"Null {values} with {state}", {"Null": {"aws:PrincipalTag/x": values}}, context)


TEXTS = (
    ["abc", "ABC", "a*c", "a?c", "*", "?", "", "a**c", "*b*", "${aws:username}", "x${AWS:UserName}y", "${aws:PrincipalTag/TEAM}"]
    + ["${aws:PrincipalTag/none}", "${aws:PrincipalTag/none, 'abc'}", "${aws:PrincipalTag/team, 'abc'}", "${aws:PrincipalTag/star}"]
    + ["a${*}c", "${*}", "${?}", "${$}", "a${?}c", "${aws:PrincipalTag/star}*", "${kms:ResourceAliases}"],
    ["abc", "ABC", "abbc", "a*c", "a?c", "ac", "*", "?", "$", "", "alice", "xalicey", "blue", "*b", "${aws:username}"],
)
NUMBERS = (
    ["10", 10, "10.0", "10.5", 10.5, "0", "-1", "9007199254740993", "0.3"],
    ["10", "10.00", "10.5", "9", "0", "-0.5", "9007199254740992", "9007199254740993", "0.30000000000000004", "100"],
)
DATES = (
    ["2026-11-22T12:00:00Z", "2026-11-22T13:00:00+01:00", "2026-11-22T12:00Z", "2026-11-22T12:00:00.5Z", "2026-11-22"]
    + ["2026-11", "2026", "1795348800", "1795348800.0", 1795348800],
    ["2026-11-22T12:00:00Z", "2026-11-22T06:30:00-05:30", "2026-11-22T12:00:00.500Z", "2026-11-22T00:00:00Z"]
    + ["2026-11-01T00:00:00Z", "2026-01-01T00:00:00Z", "1795348800", "1795348800.5", "1795348799"],
)
ADDRESSES = (
    ["203.0.113.0/24", "203.0.113.5", "203.0.113.5/32", "0.0.0.0/0", "::/0", "2001:db8::/32", "2001:DB8::1", "2001:db8::1/128"],
    ["203.0.113.5", "203.0.113.255", "203.0.114.0", "2001:db8::1", "2001:0db8:0:0:0:0:0:1", "2001:db9::1"],
)
ARNS = (
    [f"arn:aws:iam::{ACCOUNT}:role/app", "arn:aws:iam::*:role/*", "arn:aws:iam::11112222????:role/app", "arn:*:iam::*:role/app"]
    + ["arn:aws:*:*:*:*", f"arn:aws:iam::{ACCOUNT}:*", "arn:aws:iam::${aws:PrincipalAccount}:role/*", "arn:aws:iam:*:role/app"]
    + [f"arn:aws:iam::{ACCOUNT}:role/${{aws:username}}", f"arn:aws:iam::{ACCOUNT}:user/${{aws:PrincipalTag/none}}"]
    + [f"arn:aws:sns:us-east-1:{ACCOUNT}:topic:*", f"arn:aws:iam::{ACCOUNT}:role/${{aws:PrincipalTag/star}}"]
    + [f"arn:aws:iam::{ACCOUNT}:role/${{aws:PrincipalTag/none, 'app'}}", "arn:aws:iam::${aws:PrincipalTag/arn}:c", f"arn:aws:sns:us-east-1:{ACCOUNT}:${{aws:PrincipalTag/arn}}"],
    [f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("app", "path/app", "alice", "App", "${aws:username}")]
    + ["arn:aws:iam::444455556666:role/app", f"arn:aws-cn:iam::{ACCOUNT}:role/app", f"arn:aws:iam::{ACCOUNT}:user/alice"]
    + [f"arn:aws:sns:us-east-1:{ACCOUNT}:topic:sub", f"arn:aws:sns:us-east-1:{ACCOUNT}:a:b", "arn:aws:iam::a:b:c"],
)
BOOLEANS = (["true", "TRUE", "false", True, False], ["true", "True", "false", "FALSE"])
TABLES = {"String": TEXTS, "Numeric": NUMBERS, "Date": DATES, "Bool": BOOLEANS, "Arn": ARNS, "IpAddress": ADDRESSES, "NotIp": ADDRESSES}


def values():
    """Each operator with many values of policies and requests, also without the Version that knows variables."""
    for operator, (key, *_) in OPERATORS.items():
        table = next((table for start, table in TABLES.items() if operator.startswith(start)), ([], []))
        for value in table[0]:
            for asked in table[1]:
                context = TAGS | {"kms:ResourceAliases": ["alias/one"], key: asked}
                versions = (NEW, "2008-10-17", None) if "${" in str(value) else (NEW,)
                for version in versions:
                    name = f"{operator} {value!r} on {asked!r} of version {version}"
                    yield name, allowing({operator: {key: value}}, context, version)
                yield f"{operator} {value!r} denying {asked!r}", denying({operator: {key: value}}, context)


RESOURCES = [
    "*", KEY, OTHER_KEY, f"arn:aws:kms:us-east-1:{ACCOUNT}:key/*", f"arn:aws:kms:*:{ACCOUNT}:key/*",
    "arn:aws:kms:us-*-1:*:*", "arn:aws:kms:*:*:*", f"arn:aws:kms:us-east-1:{ACCOUNT}:*", f"arn:aws:kms:eu-west-1:{ACCOUNT}:*",
    "arn:aws:kms:*:444455556666:*", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-????-*", "arn:aws:kms:*:*:alias/*",
    ALIAS + "app", ALIAS + "${aws:username}", ALIAS + "${aws:PrincipalTag/none}", ALIAS + "${aws:PrincipalTag/none, 'app'}",
    ALIAS + "${aws:PrincipalTag/star}", ALIAS + "${aws:PrincipalTag/star}*", ALIAS + "a${*}", "arn:aws:s3:::bucket/*",
]
REQUESTED = [(KEY, "Decrypt"), (ALIAS + "app", "CreateAlias"), (ALIAS + "alice", "DeleteAlias"), (ALIAS + "x/y", "UpdateAlias"), ("*", "CreateKey")]
ACTIONS = [
    "*", "kms:*", "kms:Decrypt", "KMS:DECRYPT", "kms:decrypt", "Kms:De*", "kms:D?crypt", "kms:ReEncrypt*", "kms:ReEncrypt?rom",
    "kms:GenerateDataKey", "kms:GenerateDataKey*", "kms:*Key", "kms:*a*e*", "s3:*", "iam:Decrypt", ["s3:*", "kms:Describe*"],
]
ASKED = ["Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo", "DescribeKey"]


def matches():
    """Action, NotAction, Resource and NotResource against what is asked."""
    context = TAGS | {"aws:RequestedRegion": "us-east-1"}
    for pattern in RESOURCES:
        for resource, action in REQUESTED:
            for element in ("Resource", "NotResource"):
                for version in (NEW, None):
                    for effect in ("Allow", "Deny"):
                        only = {"Effect": effect, "Action": "kms:*", element: pattern}
                        rest = [statement("Allow")] if effect == "Deny" else []
                        key_policy = delegating() if resource == KEY else None
                        case = asking(context, document(only, *rest, version=version), key_policy, f"kms:{action}", resource)
                        yield f"{effect} {element} {pattern} of version {version} on {resource}", case
    for pattern in ACTIONS:
        for action in ASKED:
            for element in ("Action", "NotAction"):
                only = {"Effect": "Allow", element: pattern, "Resource": "*"}
                in_key = {"Effect": "Deny", element: pattern, "Resource": "*", "Principal": "*"}
                yield f"Allow {element} {pattern} on {action}", asking({}, document(only), delegating(), f"kms:{action}")
                yield f"Deny {element} {pattern} on {action}", asking({}, document(statement("Allow")), delegating(in_key), f"kms:{action}")


def blocks():
    """Several keys and operators in one Condition, and names of keys in another case."""
    holds = {"StringEquals": {"AWS:PRINCIPALTAG/Team": "blue"}}
    fails = {"StringEquals": {"aws:PrincipalTag/team": ["red", "BLUE"]}}
    context = TAGS | {"kms:EncryptionContext:Dept": "it", "kms:EncryptionContextKeys": ["Dept", "App"], "aws:SourceIp": "203.0.113.5"}
    more = {
        "two keys, both hold": {"StringEquals": {"aws:PrincipalTag/team": "blue", "kms:EncryptionContext:dept": "it"}},
        "two keys, one fails": {"StringEquals": {"aws:PrincipalTag/team": "blue", "kms:EncryptionContext:dept": "IT"}},
        "two operators, both hold": holds | {"IpAddress": {"aws:sourceip": "203.0.113.0/24"}},
        "two operators, one fails": holds | {"IpAddress": {"aws:sourceip": "198.51.100.0/24"}},
        "the same key twice, an interval": {"StringLike": {"aws:PrincipalTag/team": "b*"}, "StringNotLike": {"aws:PrincipalTag/team": "*x"}},
        "all keys among those meant": {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["App", "Dept", "Owner"]}},
        "a key that is not meant": {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["App"]}},
        "values differ by case": {"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "app"}},
        "any key, and it is there": {"ForAnyValue:StringLike": {"kms:EncryptionContextKeys": "D*"}, "Null": {"kms:encryptioncontextkeys": False}},
        "the caller's own keys": {
            "StringEquals": {"aws:PrincipalAccount": ACCOUNT, "aws:PrincipalType": "User", "aws:username": "alice"},
            "ArnEquals": {"aws:PrincipalArn": USER},
        },
        "an empty block": {},
    }
    for name, condition in ({"a name in capitals": holds, "no value": fails} | more).items():
        yield from both(name, condition, context)
