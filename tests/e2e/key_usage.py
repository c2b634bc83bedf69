"""GetKeyLastUsage."""

import unittest

from support import Case, policy, statement


class KeyUsage(Case):
    def test_the_last_use_is_told_with_its_request(self):
        key = self.key()
        before = self.kms.get_key_last_usage(KeyId=key)
        self.assertNotIn("KeyLastUsage", before)
        self.assertEqual(before["TrackingStartDate"], before["KeyCreationDate"])
        sealed = self.kms.encrypt(KeyId=key, Plaintext=b"x")
        opened = self.kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])
        used = self.kms.get_key_last_usage(KeyId=self.arn(key))
        self.assertEqual(used["KeyId"], key)
        self.assertEqual(used["KeyLastUsage"]["Operation"], "Decrypt")
        self.assertEqual(
            used["KeyLastUsage"]["KmsRequestId"], opened["ResponseMetadata"]["RequestId"]
        )

    def test_a_refused_use_is_no_use(self):
        key = self.key()
        self.kms.disable_key(KeyId=key)
        self.refused("DisabledException", self.kms.encrypt, KeyId=key, Plaintext=b"x")
        self.assertNotIn("KeyLastUsage", self.kms.get_key_last_usage(KeyId=key))

    def test_a_policy_keeps_a_key_that_was_used_lately(self):
        actions = ["DisableKey", "ScheduleKeyDeletion"]

        def kept(operator):
            condition = {operator: {"kms:TrailingDaysWithoutKeyUsage": "30"}}
            deny = statement("*", *actions, effect="Deny", Condition=condition)
            return self.key(Policy=policy(deny))

        key = kept("NumericLessThanEquals")
        self.kms.encrypt(KeyId=key, Plaintext=b"x")
        for call in (self.kms.disable_key, self.kms.schedule_key_deletion):
            self.refused(
                "AccessDeniedException", call, KeyId=key,
                contains="with an explicit deny in a resource-based policy",
            )
        self.assertEqual(self.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"], "Enabled")
        unkept = kept("NumericGreaterThan")
        self.kms.encrypt(KeyId=unkept, Plaintext=b"x")
        self.kms.disable_key(KeyId=unkept)
        self.kms.schedule_key_deletion(KeyId=unkept)

    def test_an_alias_is_not_taken(self):
        self.refused(
            "NotFoundException", self.kms.get_key_last_usage, KeyId="alias/a",
            contains="Invalid keyId",
        )


if __name__ == "__main__":
    unittest.main()
