"""A client against grants that take their time, as AWS's may: `grant_propagation_seconds = 3`."""

import time
import unittest

from support import Case, client, user


class GrantPropagation(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.arn_of_user, access_key = user()
        cls.user = client(access_key)
        cls.stranger = client(user()[1])

    def test_a_new_grant_counts_late_but_with_its_token_at_once(self):
        key = self.key()
        use = {"KeyId": key, "Plaintext": b"x"}
        start = time.monotonic()
        made = self.kms.create_grant(
            KeyId=key, GranteePrincipal=self.arn_of_user, Operations=["Encrypt", "Decrypt"]
        )
        token = [made["GrantToken"]]
        denied = "AccessDeniedException"
        first = client_answer(self.user.encrypt, **use)
        elapsed = time.monotonic() - start
        self.assertTrue(first == denied or elapsed >= 3, (first, elapsed))
        sealed = self.user.encrypt(**use, GrantTokens=token)["CiphertextBlob"]
        opened = self.user.decrypt(CiphertextBlob=sealed, GrantTokens=token)
        self.assertEqual(opened["Plaintext"], b"x")
        self.refused(denied, self.stranger.encrypt, **use, GrantTokens=token)
        self.refused(
            "InvalidGrantTokenException", self.user.encrypt, **use, GrantTokens=["forged"]
        )
        # It was made a while after the start, on a busy machine a long while.
        while client_answer(self.user.encrypt, **use) == denied:
            time.sleep(0.1)
        self.user.encrypt(**use)
        self.kms.revoke_grant(KeyId=key, GrantId=made["GrantId"])
        self.refused(denied, self.user.encrypt, **use, GrantTokens=token)


def client_answer(call, **parameters):
    try:
        call(**parameters)
    except Exception as error:
        return error.response["Error"]["Code"]
    return "answered"


if __name__ == "__main__":
    unittest.main()
