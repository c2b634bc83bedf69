"""The AWS CLI, unmodified, as someone at a shell uses it."""

import base64
import json
import os
import pathlib
import subprocess
import unittest

SCRATCH = pathlib.Path(os.environ["KMS_SCRATCH"])


def aws(*arguments, expect=0):
    done = subprocess.run(["aws", "kms", *arguments], capture_output=True, text=True)
    assert done.returncode == expect, (
        f"aws kms {arguments} ended with {done.returncode}: {done.stdout}{done.stderr}"
    )
    return json.loads(done.stdout) if done.stdout.strip() else done.stderr


class AwsCli(unittest.TestCase):
    def test_a_key_encrypts_and_decrypts(self):
        key = aws("create-key", "--description", "from the shell")["KeyMetadata"]
        aws("create-alias", "--alias-name", "alias/shell", "--target-key-id", key["KeyId"])
        plain, sealed = SCRATCH / "plain", SCRATCH / "sealed"
        plain.write_bytes(bytes(range(256)))
        answer = aws(
            "encrypt", "--key-id", "alias/shell", "--plaintext", f"fileb://{plain}",
            "--encryption-context", "purpose=test,tenant=blue",
        )
        self.assertEqual(answer["KeyId"], key["Arn"])
        sealed.write_bytes(base64.b64decode(answer["CiphertextBlob"]))
        answer = aws(
            "decrypt", "--ciphertext-blob", f"fileb://{sealed}",
            "--encryption-context", "tenant=blue,purpose=test",
        )
        self.assertEqual(base64.b64decode(answer["Plaintext"]), plain.read_bytes())
        said = aws("decrypt", "--ciphertext-blob", f"fileb://{sealed}", expect=255)
        self.assertIn("(InvalidCiphertextException)", said)

    def test_lists_are_paged_by_the_client(self):
        made = {aws("create-key")["KeyMetadata"]["KeyId"] for _ in range(3)}
        listed = {key["KeyId"] for key in aws("list-keys", "--page-size", "1")["Keys"]}
        self.assertLessEqual(made, listed)

    def test_a_key_ends_by_the_waiting_period(self):
        key = aws("create-key", "--tags", "TagKey=team,TagValue=blue")["KeyMetadata"]["KeyId"]
        answer = aws("schedule-key-deletion", "--key-id", key, "--pending-window-in-days", "7")
        self.assertEqual(answer["KeyState"], "PendingDeletion")
        said = aws(
            "generate-data-key", "--key-id", key, "--key-spec", "AES_256", expect=255
        )
        self.assertIn("(KMSInvalidStateException)", said)

    def test_a_policy_goes_in_and_comes_out(self):
        key = aws("create-key")["KeyMetadata"]["KeyId"]
        policy = aws("get-key-policy", "--key-id", key, "--policy-name", "default")["Policy"]
        aws("put-key-policy", "--key-id", key, "--policy-name", "default", "--policy", policy)
        self.assertEqual(aws("get-key-policy", "--key-id", key)["Policy"], policy)

    def test_grants_from_the_shell(self):
        key = aws("create-key")["KeyMetadata"]["KeyId"]
        root = "arn:aws:iam::111122223333:root"
        made = aws(
            "create-grant", "--key-id", key, "--grantee-principal", root, "--retiring-principal",
            root, "--operations", "Encrypt", "Decrypt", "--constraints",
            "EncryptionContextSubset={tenant=blue}",
        )
        plain = SCRATCH / "granted"
        plain.write_bytes(b"x")
        aws(
            "encrypt", "--key-id", key, "--plaintext", f"fileb://{plain}", "--grant-tokens",
            made["GrantToken"],
        )
        said = aws(
            "encrypt", "--key-id", key, "--plaintext", f"fileb://{plain}", "--grant-tokens",
            "forged", expect=255,
        )
        self.assertIn("(InvalidGrantTokenException)", said)
        (listed,) = aws("list-grants", "--key-id", key)["Grants"]
        self.assertEqual(listed["GrantId"], made["GrantId"])
        retirable = aws("list-retirable-grants", "--retiring-principal", root)["Grants"]
        self.assertIn(made["GrantId"], [grant["GrantId"] for grant in retirable])
        aws("retire-grant", "--grant-token", made["GrantToken"])
        said = aws("revoke-grant", "--key-id", key, "--grant-id", made["GrantId"], expect=255)
        self.assertIn("(NotFoundException)", said)
        self.assertEqual(aws("list-grants", "--key-id", key)["Grants"], [])

    def test_rotation_from_the_shell(self):
        key = aws("create-key")["KeyMetadata"]["KeyId"]
        aws("enable-key-rotation", "--key-id", key, "--rotation-period-in-days", "180")
        status = aws("get-key-rotation-status", "--key-id", key)
        self.assertEqual(status["RotationPeriodInDays"], 180)
        aws("rotate-key-on-demand", "--key-id", key)
        self.assertEqual(len(aws("list-key-rotations", "--key-id", key)["Rotations"]), 1)


if __name__ == "__main__":
    unittest.main()
