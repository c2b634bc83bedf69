"""GetKeyPolicy, PutKeyPolicy, ListKeyPolicies, and what a key policy decides."""

import json
import unittest

from support import ABSENT, ACCOUNT, ROOT, Case, client, policy, statement, user


class KeyPolicies(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.arn_of_user, access_key = user()
        cls.user = client(access_key)

    def denied(self, action, call, resource, **parameters):
        text = self.refused("AccessDeniedException", call, **parameters)
        start = f"User: {self.arn_of_user} is not authorized to perform: kms:{action} on resource: "
        self.assertTrue(text.startswith(start + resource), text)
        return text

    def test_the_default_policy_is_aws_text(self):
        key = self.key()
        answer = self.kms.get_key_policy(KeyId=key)
        self.assertEqual(
            json.loads(answer["Policy"]),
            {
                "Version": "2012-10-17",
                "Id": "key-default-1",
                "Statement": [
                    {
                        "Sid": "Enable IAM User Permissions",
                        "Effect": "Allow",
                        "Principal": {"AWS": ROOT},
                        "Action": "kms:*",
                        "Resource": "*",
                    }
                ],
            },
        )
        self.assertEqual(answer["PolicyName"], "default")
        self.assertEqual(self.kms.list_key_policies(KeyId=key)["PolicyNames"], ["default"])

    def test_a_policy_is_kept_byte_for_byte(self):
        text = policy(statement(self.arn_of_user, "Encrypt")).replace(": ", ":\n ")
        key = self.key(Policy=text)
        self.assertEqual(self.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"], text)
        text = policy()
        self.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=text)
        self.assertEqual(self.kms.get_key_policy(KeyId=key)["Policy"], text)

    def test_a_user_whom_nothing_allows_is_denied_with_aws_words(self):
        key = self.key()
        arn = self.arn(key)
        blob = self.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        reason = " because no identity-based policy allows the kms:{} action"
        for action, call, parameters in (
            ("Encrypt", self.user.encrypt, {"KeyId": key, "Plaintext": b"x"}),
            ("Decrypt", self.user.decrypt, {"KeyId": key, "CiphertextBlob": blob}),
            ("DescribeKey", self.user.describe_key, {"KeyId": key}),
            ("DisableKey", self.user.disable_key, {"KeyId": key}),
            ("PutKeyPolicy", self.user.put_key_policy, {"KeyId": key, "Policy": policy()}),
            ("GetKeyPolicy", self.user.get_key_policy, {"KeyId": key}),
            ("ScheduleKeyDeletion", self.user.schedule_key_deletion, {"KeyId": key}),
        ):
            text = self.denied(action, call, arn, **parameters)
            self.assertTrue(text.endswith(reason.format(action)), text)
        self.assertIs(self.kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"], True)

    def test_a_user_whom_the_key_policy_names_may_do_that_and_no_more(self):
        key = self.key(Policy=policy(statement(self.arn_of_user, "Encrypt", "Decrypt")))
        blob = self.user.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        self.assertEqual(self.user.decrypt(CiphertextBlob=blob)["Plaintext"], b"x")
        self.denied("DescribeKey", self.user.describe_key, self.arn(key), KeyId=key)
        self.denied(
            "GenerateDataKey", self.user.generate_data_key, self.arn(key), KeyId=key,
            KeySpec="AES_256",
        )

    def test_a_change_of_policy_holds_at_once(self):
        key = self.key()
        encrypt = lambda: self.user.encrypt(KeyId=key, Plaintext=b"x")
        for _ in range(3):
            self.refused("AccessDeniedException", encrypt)
            allow = policy(statement(self.arn_of_user, "Encrypt"))
            self.kms.put_key_policy(KeyId=key, Policy=allow)
            encrypt()
            self.kms.put_key_policy(KeyId=key, Policy=policy())

    def test_an_explicit_deny_wins(self):
        key = self.key(
            Policy=policy(
                statement(self.arn_of_user, "*"),
                statement(self.arn_of_user, "Encrypt", effect="Deny"),
            )
        )
        self.user.describe_key(KeyId=key)
        text = self.denied("Encrypt", self.user.encrypt, self.arn(key), KeyId=key, Plaintext=b"x")
        self.assertTrue(text.endswith("with an explicit deny in a resource-based policy"), text)

    def test_a_condition_on_the_encryption_context_binds(self):
        condition = {"StringEquals": {"kms:EncryptionContext:tenant": "blue"}}
        key = self.key(
            Policy=policy(statement(self.arn_of_user, "Encrypt", Condition=condition))
        )
        encrypt = self.user.encrypt
        encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"tenant": "blue", "more": "1"})
        for wrong in ({}, {"tenant": "red"}, {"other": "blue"}):
            self.denied(
                "Encrypt", encrypt, self.arn(key), KeyId=key, Plaintext=b"x",
                EncryptionContext=wrong,
            )

    def test_denial_comes_before_any_word_about_the_key(self):
        disabled = self.key()
        self.kms.disable_key(KeyId=disabled)
        self.denied(
            "Encrypt", self.user.encrypt, self.arn(disabled), KeyId=disabled, Plaintext=b"x"
        )
        self.refused(
            "AccessDeniedException", self.user.encrypt, KeyId=disabled, Plaintext=b"x", DryRun=True
        )

    def test_operations_on_no_key_need_leave_too(self):
        for action, call, parameters in (
            ("CreateKey", self.user.create_key, {}),
            ("ListKeys", self.user.list_keys, {}),
            ("ListAliases", self.user.list_aliases, {}),
            ("GenerateRandom", self.user.generate_random, {"NumberOfBytes": 8}),
        ):
            self.denied(action, call, "", **parameters)

    def test_moving_a_ciphertext_needs_leave_on_both_keys(self):
        source = self.key(Policy=policy(statement(self.arn_of_user, "Encrypt", "ReEncryptFrom")))
        target = self.key()
        blob = self.user.encrypt(KeyId=source, Plaintext=b"x")["CiphertextBlob"]
        move = lambda: self.user.re_encrypt(CiphertextBlob=blob, DestinationKeyId=target)
        self.denied("ReEncryptTo", move, self.arn(target))
        allow = policy(statement(self.arn_of_user, "ReEncryptTo"))
        self.kms.put_key_policy(KeyId=target, Policy=allow)
        move()
        self.kms.put_key_policy(KeyId=source, Policy=policy())
        self.denied("ReEncryptFrom", move, self.arn(source))

    def test_nobody_locks_themselves_out_by_mistake(self):
        key = self.key()
        only_user = json.dumps(
            {"Version": "2012-10-17", "Statement": [statement(self.arn_of_user, "*")]}
        )
        words = "The new key policy will not allow you to update the key policy in the future."
        put = self.kms.put_key_policy
        self.refused(
            "MalformedPolicyDocumentException", put, KeyId=key, Policy=only_user, message=words
        )
        self.refused(
            "MalformedPolicyDocumentException", self.kms.create_key, Policy=only_user,
            message=words,
        )
        put(KeyId=key, Policy=only_user, BypassPolicyLockoutSafetyCheck=True)
        self.user.put_key_policy(KeyId=key, Policy=policy(statement(self.arn_of_user, "*")))

    def test_policies_that_are_none_are_refused(self):
        key = self.key()
        for text in (
            "{", "[]", "{}", policy().replace("2012-10-17", "2020-01-01"),
            policy(statement(self.arn_of_user, "Encrypt", effect="Perhaps")),
            policy({"Effect": "Allow", "Action": "kms:*", "Resource": "*"}),
            policy(statement("arn:aws:iam::%s:user/nobody" % ACCOUNT, "Encrypt")),
            policy(statement(self.arn_of_user, "Encrypt", Condition={"Equals": {"a": "b"}})),
        ):
            with self.subTest(text):
                self.refused(
                    "MalformedPolicyDocumentException", self.kms.put_key_policy, KeyId=key,
                    Policy=text,
                )
        self.refused(
            "MalformedPolicyDocumentException", self.kms.put_key_policy, KeyId=key,
            Policy=policy(statement(f"arn:aws:iam::{ACCOUNT}:user/nobody", "Encrypt")),
            message="Policy contains a statement with one or more invalid principals.",
        )
        # AWS's bound: 32 KiB.
        with self.assertRaises(self.kms.exceptions.ClientError):
            self.kms.put_key_policy(KeyId=key, Policy=policy() + " " * 32768)
        self.assertEqual(
            json.loads(self.kms.get_key_policy(KeyId=key)["Policy"])["Id"], "key-default-1"
        )

    def test_there_is_one_policy_and_its_name_is_default(self):
        key = self.key()
        for call, parameters in (
            (self.kms.get_key_policy, {}), (self.kms.put_key_policy, {"Policy": policy()})
        ):
            with self.assertRaises(self.kms.exceptions.ClientError):
                call(KeyId=key, PolicyName="other", **parameters)

    def test_an_absent_key_is_no_news_to_who_may_not_ask(self):
        self.refused("NotFoundException", self.kms.get_key_policy, KeyId=ABSENT)


if __name__ == "__main__":
    unittest.main()
