"""CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant, and what a grant allows."""

import re
import unittest
import uuid

from support import ABSENT, ACCOUNT, ROOT, Case, client, policy, statement, user


class Grants(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.arn_of_user, access_key = user()
        cls.user = client(access_key)
        cls.arn_of_other, access_key = user()
        cls.other = client(access_key)

    def grant(self, key, *operations, grantee=None, **parameters):
        return self.kms.create_grant(
            KeyId=key, GranteePrincipal=grantee or self.arn_of_user, Operations=list(operations),
            **parameters,
        )

    def denied(self, call, **parameters):
        self.refused("AccessDeniedException", call, **parameters)

    def test_a_grant_gives_and_its_revocation_takes(self):
        key = self.key()
        self.denied(self.user.encrypt, KeyId=key, Plaintext=b"x")
        grant = self.grant(key, "Encrypt", "Decrypt", "DescribeKey")
        self.assertRegex(grant["GrantId"], re.compile("^[0-9a-f]{64}$"))
        blob = self.user.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        self.assertEqual(self.user.decrypt(CiphertextBlob=blob)["Plaintext"], b"x")
        self.user.describe_key(KeyId=key)
        self.denied(self.user.generate_data_key, KeyId=key, KeySpec="AES_256")
        self.denied(self.other.encrypt, KeyId=key, Plaintext=b"x")
        self.kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
        self.denied(self.user.decrypt, CiphertextBlob=blob)
        self.refused(
            "NotFoundException", self.kms.revoke_grant, KeyId=key, GrantId=grant["GrantId"]
        )

    def test_a_grant_is_listed_with_all_that_was_asked(self):
        key = self.key()
        grant = self.grant(
            key, "GenerateDataKey", "RetireGrant", Name="backup", RetiringPrincipal=ROOT,
            Constraints={"EncryptionContextSubset": {"tenant": "blue"}},
        )
        (listed,) = self.kms.list_grants(KeyId=key)["Grants"]
        self.assertEqual(listed.pop("CreationDate").tzinfo is not None, True)
        self.assertEqual(
            listed,
            {
                "KeyId": self.arn(key), "GrantId": grant["GrantId"], "Name": "backup",
                "GranteePrincipal": self.arn_of_user, "RetiringPrincipal": ROOT,
                "IssuingAccount": ROOT, "Operations": ["GenerateDataKey", "RetireGrant"],
                "Constraints": {"EncryptionContextSubset": {"tenant": "blue"}},
            },
        )
        nameless = self.grant(key, "Encrypt")["GrantId"]
        only = self.kms.list_grants(KeyId=key, GrantId=nameless)["Grants"]
        self.assertEqual([entry["Name"] for entry in only], [""])
        self.assertNotIn("Constraints", only[0])
        self.assertNotIn("RetiringPrincipal", only[0])
        of_other = self.kms.list_grants(KeyId=key, GranteePrincipal=self.arn_of_other)
        self.assertEqual(of_other["Grants"], [])

    def test_lists_are_paged_to_the_end(self):
        key = self.key()
        made = {self.grant(key, "Encrypt", RetiringPrincipal=self.arn_of_user)["GrantId"]
                for _ in range(5)}
        pages = self.kms.get_paginator("list_grants").paginate(
            KeyId=key, PaginationConfig={"PageSize": 2}
        )
        sizes = [len(page["Grants"]) for page in pages]
        self.assertEqual(sizes, [2, 2, 1])
        listed = set()
        marker = {}
        while True:
            page = self.kms.list_retirable_grants(
                RetiringPrincipal=self.arn_of_user, Limit=2, **marker
            )
            listed |= {entry["GrantId"] for entry in page["Grants"]}
            if not page["Truncated"]:
                break
            marker = {"Marker": page["NextMarker"]}
        self.assertLessEqual(made, listed)
        self.refused("InvalidMarkerException", self.kms.list_grants, KeyId=key, Marker="forged")

    def test_a_constraint_on_the_context_binds(self):
        key = self.key()
        self.grant(key, "Encrypt", Constraints={"EncryptionContextEquals": {"tenant": "blue"}})
        encrypt = self.user.encrypt
        encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"tenant": "blue"})
        for wrong in ({}, {"tenant": "red"}, {"tenant": "blue", "more": "1"}):
            self.denied(encrypt, KeyId=key, Plaintext=b"x", EncryptionContext=wrong)

    def test_a_named_request_repeated_makes_one_grant(self):
        key = self.key()
        first, second = (self.grant(key, "Encrypt", Name="once") for _ in range(2))
        self.assertEqual(first["GrantId"], second["GrantId"])
        self.assertNotEqual(first["GrantToken"], second["GrantToken"])
        other = self.grant(key, "Decrypt", Name="once")
        self.assertNotEqual(first["GrantId"], other["GrantId"])

    def test_tokens_are_taken_everywhere_and_forgeries_nowhere(self):
        key, target = self.key(), self.key()
        token = self.grant(key, "Encrypt", "RetireGrant")["GrantToken"]
        tokens = {"GrantTokens": [token]}
        blob = self.user.encrypt(KeyId=key, Plaintext=b"x", **tokens)["CiphertextBlob"]
        calls = (
            (self.kms.encrypt, {"KeyId": key, "Plaintext": b"x"}),
            (self.kms.decrypt, {"CiphertextBlob": blob}),
            (self.kms.re_encrypt, {"CiphertextBlob": blob, "DestinationKeyId": target}),
            (self.kms.generate_data_key, {"KeyId": key, "KeySpec": "AES_256"}),
            (
                self.kms.generate_data_key_without_plaintext,
                {"KeyId": key, "KeySpec": "AES_256"},
            ),
            (self.kms.describe_key, {"KeyId": key}),
        )
        for call, parameters in calls:
            call(**parameters, **tokens)
            for forged in ("forged", token[:-8], token.swapcase()):
                self.refused(
                    "InvalidGrantTokenException", call, GrantTokens=[forged], **parameters
                )
            self.refused("ValidationException", call, GrantTokens=[token] * 11, **parameters)

    def test_a_grant_is_retired_by_its_own_rules(self):
        key = self.key(Policy=policy(statement("*", "RetireGrant")))
        token = self.grant(key, "Encrypt")["GrantToken"]
        self.denied(self.user.retire_grant, GrantToken=token)
        self.kms.retire_grant(GrantToken=token)
        self.refused("NotFoundException", self.kms.retire_grant, GrantToken=token)
        token = self.grant(key, "Encrypt", "RetireGrant")["GrantToken"]
        self.user.retire_grant(GrantToken=token)
        grant = self.grant(key, "Encrypt", RetiringPrincipal=self.arn_of_other)["GrantId"]
        self.denied(self.user.retire_grant, KeyId=self.arn(key), GrantId=grant)
        self.refused(
            "DryRunOperationException", self.other.retire_grant, KeyId=self.arn(key),
            GrantId=grant, DryRun=True,
        )
        self.other.retire_grant(KeyId=self.arn(key), GrantId=grant)
        self.assertEqual(self.kms.list_grants(KeyId=key)["Grants"], [])
        for incomplete in ({}, {"KeyId": key}, {"GrantId": grant}):
            self.refused("ValidationException", self.kms.retire_grant, **incomplete)
        self.refused("InvalidGrantTokenException", self.kms.retire_grant, GrantToken="forged")
        self.refused(
            "InvalidGrantIdException", self.kms.retire_grant, KeyId=key, GrantId="not-hex"
        )

    def test_a_grantee_gives_on_only_what_it_has(self):
        key = self.key()
        self.grant(
            key, "Encrypt", "CreateGrant",
            Constraints={"EncryptionContextSubset": {"tenant": "blue"}},
        )
        give = lambda *operations, **more: self.user.create_grant(
            KeyId=key, GranteePrincipal=self.arn_of_other, Operations=list(operations), **more
        )
        blue = {"EncryptionContextEquals": {"tenant": "blue"}}
        for operations, constraints in (
            (["Encrypt"], {}),
            (["Decrypt"], blue),
            (["Encrypt"], {"EncryptionContextSubset": {"other": "blue"}}),
        ):
            self.denied(
                self.user.create_grant, KeyId=key, GranteePrincipal=self.arn_of_other,
                Operations=operations, Constraints=constraints,
            )
        give("Encrypt", Constraints=blue)
        self.other.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"tenant": "blue"})
        self.denied(self.other.encrypt, KeyId=key, Plaintext=b"x")

    def test_an_explicit_deny_wins(self):
        deny = statement(self.arn_of_user, "Encrypt", effect="Deny")
        key = self.key(Policy=policy(deny))
        self.grant(key, "Encrypt", "DescribeKey")
        self.user.describe_key(KeyId=key)
        self.refused(
            "AccessDeniedException", self.user.encrypt, KeyId=key, Plaintext=b"x",
            contains="with an explicit deny in a resource-based policy",
        )

    def test_no_grant_helps_with_a_key_that_is_disabled_or_on_its_way_out(self):
        key = self.key()
        grant = self.grant(key, "Encrypt")["GrantId"]
        self.kms.disable_key(KeyId=key)
        self.refused("DisabledException", self.user.encrypt, KeyId=key, Plaintext=b"x")
        self.refused("DisabledException", lambda: self.grant(key, "Decrypt"))
        self.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        self.refused("KMSInvalidStateException", self.user.encrypt, KeyId=key, Plaintext=b"x")
        self.refused("KMSInvalidStateException", lambda: self.grant(key, "Decrypt"))
        self.kms.list_grants(KeyId=key)
        self.kms.revoke_grant(KeyId=key, GrantId=grant)

    def test_what_makes_no_grant_is_refused_with_aws_words(self):
        key = self.key()
        absent = f"arn:aws:iam::{ACCOUNT}:user/{uuid.uuid4().hex}"
        self.refused(
            "InvalidArnException", lambda: self.grant(key, "Encrypt", grantee=absent),
            message=f"ARN does not refer to a valid principal: {absent}",
        )
        self.refused(
            "ValidationException", lambda: self.grant(key, "CreateGrant"),
            message="Grants must not contain only the CreateGrant operation.",
        )
        self.refused("ValidationException", lambda: self.grant(key, "Sign"))
        self.refused(
            "ValidationException", lambda: self.grant(key, "DeleteKey"),
            contains="at 'operations' failed to satisfy constraint: Member must satisfy "
            "constraint: [Member must satisfy enum value set: [",
        )
        self.refused(
            "ValidationException", lambda: self.grant(key, "Encrypt", Name="a b"),
            message="1 validation error detected: Value 'a b' at 'name' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
        )
        self.refused("NotFoundException", lambda: self.grant(ABSENT, "Encrypt"))
        self.refused(
            "DryRunOperationException", lambda: self.grant(key, "Encrypt", DryRun=True),
            message="The request would have succeeded, but the DryRun option is set.",
        )
        self.assertEqual(self.kms.list_grants(KeyId=key)["Grants"], [])

    def test_a_user_needs_leave_to_see_and_end_grants(self):
        key = self.key()
        grant = self.grant(key, "Encrypt")["GrantId"]
        self.denied(self.user.list_grants, KeyId=key)
        self.denied(self.user.revoke_grant, KeyId=key, GrantId=grant)
        self.denied(self.user.list_retirable_grants, RetiringPrincipal=self.arn_of_user)
        self.denied(
            self.user.create_grant, KeyId=key, GranteePrincipal=self.arn_of_user,
            Operations=["Decrypt"],
        )
        self.denied(
            self.kms.list_retirable_grants, RetiringPrincipal="arn:aws:iam::999988887777:root"
        )
        self.refused("InvalidArnException", self.kms.list_retirable_grants, RetiringPrincipal="x")


if __name__ == "__main__":
    unittest.main()
