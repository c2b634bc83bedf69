"""The reference against answers written by hand, and the matrix against what a matrix must have.

    python3 test_reference.py
"""

import collections
import itertools
import json
import unittest

import cells
import matrix
from conditions import date, entry_holds
from operators import ACCOUNT, KEY, document, statement
from reference import ALLOWED, EXPLICIT, IMPLICIT, decide
from text import Context, arn_covers, expand, glob, own

SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ALL = document(statement("Allow"))
NOTHING = document(statement("Allow", Action="s3:*"))


def holds(operator, values, value=None):
    return entry_holds(operator, values, value, "2012-10-17", Context({}))


def named(*arns):
    return document(statement("Allow", Principal={"AWS": list(arns)}))


def asked(principal=SESSION, action="kms:Decrypt", **policies):
    return decide({"principal": principal, "action": action, "resource": KEY, **policies})[0]


class Text(unittest.TestCase):
    def test_wildcards_are_those_of_the_policy_only(self):
        self.assertTrue(glob(own("a*c?"), "abbcd"))
        self.assertFalse(glob(own("a?c"), "ac"))
        tag = Context({"aws:PrincipalTag/X": "*"})
        pattern = expand("${aws:principaltag/x}-*", "2012-10-17", tag)
        self.assertTrue(glob(pattern, "*-a"))
        self.assertFalse(glob(pattern, "b-a"))

    def test_many_stars_take_no_long_time(self):
        self.assertFalse(glob(own("*a" * 60 + "b"), "a" * 400))

    def test_a_star_does_not_cross_segments_of_an_arn(self):
        self.assertTrue(arn_covers(own("arn:aws:iam::*:role/*"), "arn:aws:iam::1:role/a/b:c"))
        self.assertFalse(arn_covers(own("arn:aws:iam:*:role/a"), "arn:aws:iam::1:role/a"))

    def test_variables(self):
        self.assertIsNone(expand("${aws:username}", "2012-10-17", Context({})))
        self.assertIsNone(expand("${kms:ResourceAliases}", "2012-10-17", Context({"kms:ResourceAliases": ["a"]})))
        for version in (None, "2008-10-17"):
            self.assertEqual(expand("${x}", version, Context({"x": "y"})), own("${x}"))


class Conditions(unittest.TestCase):
    def test_absent_keys(self):
        said = {
            "StringEquals": False, "StringNotEquals": True, "StringEqualsIfExists": True, "NotIpAddress": True, "Bool": False,
            "ForAllValues:StringEquals": True, "ForAnyValue:StringNotEquals": False, "ForAnyValue:StringEqualsIfExists": False,
        }
        for operator, expected in said.items():
            self.assertIs(holds(operator, "x"), expected, operator)

    def test_several_values_of_a_policy_are_or_and_negated_nor(self):
        self.assertTrue(holds("StringEquals", ["a", "b"], "b"))
        self.assertFalse(holds("StringNotEquals", ["a", "b"], "b"))
        self.assertTrue(holds("StringNotEquals", ["a", "b"], "c"))

    def test_several_values_of_a_request_need_a_set_operator(self):
        for operator in ("StringEquals", "StringNotEquals", "StringEqualsIfExists"):
            self.assertFalse(holds(operator, "a", ["a", "b"]))
        self.assertFalse(holds("ForAllValues:StringEquals", ["a"], ["a", "b"]))
        self.assertTrue(holds("ForAllValues:StringNotEquals", ["c"], ["a", "b"]))
        self.assertTrue(holds("ForAnyValue:StringNotEquals", ["a"], ["a", "b"]))
        self.assertTrue(holds("ForAllValues:StringEquals", ["a"], []))
        self.assertFalse(holds("ForAnyValue:StringEquals", ["a"], []))

    def test_numbers_are_decimal_and_dates_are_times(self):
        self.assertFalse(holds("NumericEquals", "9007199254740993", "9007199254740992"))
        self.assertTrue(holds("NumericLessThan", "100", "9.5"))
        self.assertEqual(date("2018-12-31T13:00:00+01:00"), date("1546257600.0"))
        self.assertEqual(date("2026"), date("2026-01-01T00:00:00Z"))
        self.assertIsNone(date("2026-11-22T12:00:00"))

    def test_bytes_differ_where_their_base64_differs_by_case(self):
        self.assertTrue(holds("BinaryEquals", "aGVsbG8=", "aGVsbG8="))
        self.assertFalse(holds("BinaryEquals", "aGVsbG8=", "AGVSBG8="))


class Decision(unittest.TestCase):
    def test_classes_of_principals(self):
        rows = [
            (SESSION, {"permissionBoundary": NOTHING}, ALLOWED), (SESSION, {"sessionPolicy": NOTHING}, ALLOWED),
            (ROLE, {}, ALLOWED), (ROLE, {"permissionBoundary": NOTHING}, IMPLICIT), (ROLE, {"sessionPolicy": NOTHING}, IMPLICIT),
            (ROOT, {}, IMPLICIT), (ROOT, {"identityPolicies": [ALL]}, ALLOWED), (ACCOUNT, {"identityPolicies": [ALL]}, ALLOWED),
            (ROOT, {"identityPolicies": [ALL], "permissionBoundary": NOTHING}, IMPLICIT),
            ("*", {"permissionBoundary": NOTHING}, ALLOWED), (ROLE + "2", {"identityPolicies": [ALL]}, IMPLICIT),
        ]
        for arn, policies, expected in rows:
            self.assertEqual(asked(resourcePolicy=named(arn), **policies), expected, (arn, policies))

    def test_a_deny_anywhere_wins(self):
        deny = document(statement("Allow"), statement("Deny"))
        in_key = document(statement("Allow", Principal="*"), statement("Deny", Principal={"AWS": ACCOUNT}))
        self.assertEqual(asked(resourcePolicy=in_key), EXPLICIT)
        places = {"identityPolicies": [deny], "permissionBoundary": deny, "sessionPolicy": deny, "scps": [[deny]], "rcps": [[deny]]}
        for place, value in places.items():
            self.assertEqual(asked(resourcePolicy=named(SESSION), **{place: value}), EXPLICIT, place)

    def test_not_principal_spares_a_whole_chain_only(self):
        for size in range(4):
            for listed in itertools.combinations((ROOT, ROLE, SESSION), size):
                deny = {"Effect": "Deny", "NotPrincipal": {"AWS": list(listed)}, "Action": "*", "Resource": "*"}
                policy = document(statement("Allow", Principal="*"), deny)
                self.assertEqual(asked(resourcePolicy=policy), ALLOWED if size == 3 else EXPLICIT, listed)
                self.assertEqual(asked(resourcePolicy=policy, permissionBoundary=ALL), EXPLICIT)

    def test_every_level_of_scps_must_allow_and_rcps_always_do(self):
        for levels, expected in (([[ALL], [ALL]], ALLOWED), ([[ALL], [NOTHING]], IMPLICIT), ([[ALL], []], IMPLICIT)):
            self.assertEqual(asked(resourcePolicy=named("*"), scps=levels), expected, levels)
            self.assertEqual(asked(resourcePolicy=named("*"), rcps=levels), ALLOWED, levels)

    def test_a_federated_user_has_what_is_its_own_or_its_session_policys(self):
        guest = f"arn:aws:sts::{ACCOUNT}:federated-user/guest"
        for arn, session, expected in ((ROOT, None, IMPLICIT), (ROOT, NOTHING, IMPLICIT), (ROOT, ALL, ALLOWED), (guest, None, ALLOWED)):
            got = asked(guest, resourcePolicy=named(arn), identityPolicies=[ALL], sessionPolicy=session)
            self.assertEqual(got, expected, (arn, session))

    def test_across_accounts_both_must_allow_and_few_actions_can(self):
        stranger = "arn:aws:iam::444455556666:user/x"
        self.assertEqual(asked(stranger, resourcePolicy=named(stranger)), IMPLICIT)
        self.assertEqual(asked(stranger, resourcePolicy=named(stranger), identityPolicies=[ALL]), ALLOWED)
        self.assertEqual(asked(stranger, "kms:PutKeyPolicy", resourcePolicy=named(stranger), identityPolicies=[ALL]), IMPLICIT)

    def test_a_statement_without_action_or_resource_does_nothing(self):
        for gone in ("Action", "Resource"):
            for effect, expected in (("Allow", IMPLICIT), ("Deny", ALLOWED)):
                lame = {k: v for k, v in statement(effect, Principal="*").items() if k != gone}
                rest = [statement("Allow", Principal="*")] if effect == "Deny" else []
                self.assertEqual(asked(resourcePolicy=document(lame, *rest)), expected, (gone, effect))


class Matrix(unittest.TestCase):
    def test_the_examples_are_decided_as_they_were_written(self):
        for name, case, decision, _ in matrix.examples():
            self.assertEqual(decide(case)[0], decision, name)

    def test_each_example_has_a_request_that_passes_and_one_that_fails(self):
        for line in matrix.EXAMPLES.read_text("utf-8").splitlines():
            example = json.loads(line)
            decisions = {request["decision"] for request in example["requests"]}
            self.assertTrue(ALLOWED in decisions and len(decisions) > 1, example["name"])

    def test_every_kind_of_caller_meets_every_decision(self):
        found = collections.Counter()
        drawn = list(cells.drawn())
        for choice, case in drawn:
            decision, _ = decide(case)
            for dimension, value in choice.items():
                found[dimension, value, decision] += 1
        self.assertEqual(len(drawn), cells.TOTAL)
        for who in cells.CALLERS:
            for decision in (ALLOWED, IMPLICIT, EXPLICIT):
                self.assertGreater(found["caller", who, decision], 100, (who, decision))
        for dimension in ("identity", "boundary", "session", "scp", "rcp"):
            self.assertEqual(found[dimension, "deny", ALLOWED] + found[dimension, "deny", IMPLICIT], 0, dimension)
        for dimension, value in (("identity", "none"), ("boundary", "none"), ("session", "none"), ("scp", "missing"), ("scp", "empty")):
            self.assertGreater(found[dimension, value, IMPLICIT], 100, dimension)

    def test_no_two_operator_cells_have_one_name(self):
        names = collections.Counter(name for name, _ in matrix.operator_cells())
        self.assertEqual([name for name, count in names.items() if count > 1], [])


if __name__ == "__main__":
    unittest.main()
