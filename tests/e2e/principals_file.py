"""Principals that stand in a file: what they may do, that requests do not change them, and that a
change of the file counts without a restart. PRINCIPALS_FILE, SERVER_PROCESS and SERVER_LOG name them."""

import os
import signal
import time
import unittest

from sts_support import Device, StsCase, key_of, service
from support import ACCOUNT, PATIENCE, kms, policy

FILE = os.environ["PRINCIPALS_FILE"]
BESIDE = os.path.dirname(FILE)
KEY = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"


def write(name, text):
    with open(os.path.join(BESIDE, name), "w") as file:
        file.write(text)


def read(name):
    with open(os.path.join(BESIDE, name)) as file:
        return file.read()


def wait_until(holds):
    """Waits until something holds, which a server does that reads its file again."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, "nothing has changed"
        time.sleep(0.2)


def refusals():
    """How often the server has said that it does not apply its file."""
    with open(os.environ["SERVER_LOG"]) as file:
        return file.read().count("the principals file is not applied")


def succeeds(call, **parameters):
    try:
        call(**parameters)
    except Exception:
        return False
    return True


class PrincipalsFile(StsCase):
    def test_1_a_user_of_the_file_uses_keys_and_assumes_a_role(self):
        key = self.key(Policy=policy())
        ci = service("kms", KEY)
        sealed = ci.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        self.fails("AccessDeniedException", 400, ci.decrypt, CiphertextBlob=sealed)
        answer = service("sts", KEY).assume_role(RoleArn=ROLE, RoleSessionName="build")
        session = service("kms", key_of(answer))
        session.encrypt(KeyId=key, Plaintext=b"x")
        user = service("iam").get_user(UserName="ci")["User"]
        self.assertEqual(user["Arn"], f"arn:aws:iam::{ACCOUNT}:user/ci")

    def test_2_requests_do_not_change_what_the_file_manages(self):
        iam = service("iam")
        self.fails(
            "UnmodifiableEntity", 400, iam.delete_user, UserName="ci",
            contains="protected user 'ci' - this user is only modifiable by the principals file",
        )
        with self.assertRaises(iam.exceptions.UnmodifiableEntityException):
            iam.delete_role(RoleName="app")
        self.fails("UnmodifiableEntity", 400, iam.create_access_key, UserName="ci")
        self.fails(
            "UnmodifiableEntity", 400, iam.put_user_policy,
            UserName="ci", PolicyName="p", PolicyDocument=read("use.json"),
        )
        self.fails(
            "UnmodifiableEntity", 400, iam.create_policy_version,
            PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/use", PolicyDocument=read("use.json"),
        )

    def test_3_a_changed_document_counts_without_a_restart(self):
        key = self.key()
        ci = service("kms", KEY)
        sealed = ci.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        first = service("iam").get_user(UserName="ci")["User"]["UserId"]
        write("use.json", read("use.json").replace("kms:Encrypt", "kms:Decrypt"))
        wait_until(lambda: succeeds(ci.decrypt, CiphertextBlob=sealed))
        self.fails("AccessDeniedException", 400, ci.encrypt, KeyId=key, Plaintext=b"x")
        self.assertEqual(service("iam").get_user(UserName="ci")["User"]["UserId"], first)

    def test_4_a_bad_file_leaves_what_was_applied_before(self):
        good = read("principals.toml")
        before = refusals()
        write("principals.toml", good + "colour = 1\n")
        os.kill(int(os.environ["SERVER_PROCESS"]), signal.SIGHUP)
        wait_until(lambda: refusals() > before)
        self.assertTrue(succeeds(service("sts", KEY).get_caller_identity))
        write("principals.toml", good.replace('name = "app"', 'name = "other"'))
        os.kill(int(os.environ["SERVER_PROCESS"]), signal.SIGHUP)
        wait_until(lambda: succeeds(service("iam").get_role, RoleName="other"))
        self.assertFalse(succeeds(service("iam").get_role, RoleName="app"))

    def test_5_a_user_who_is_gone_from_the_file_leaves_its_device_to_nobody(self):
        iam = service("iam")
        device = Device("ci")
        good = read("principals.toml")
        write("principals.toml", good.replace('name = "ci"', 'name = "builder"'))
        wait_until(lambda: succeeds(iam.get_user, UserName="builder"))
        self.fails("NoSuchEntity", 404, iam.get_user, UserName="ci")
        unassigned = iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")
        serials = [one["SerialNumber"] for one in unassigned["VirtualMFADevices"]]
        self.assertIn(device.serial, serials)
        # The access key went with the line that it stands on.
        arn = service("sts", KEY).get_caller_identity()["Arn"]
        self.assertEqual(arn, f"arn:aws:iam::{ACCOUNT}:user/builder")

    def test_6_the_ledger_names_the_changes_and_no_secret(self):
        records = kms("audit", "tail", "-n", "500", "--output", "json").decode()
        self.assertIn("ApplyPrincipals", records)
        self.assertNotIn(KEY[1], records)


if __name__ == "__main__":
    unittest.main()
