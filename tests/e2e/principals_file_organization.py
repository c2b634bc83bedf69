"""An organization that stands in a principals file: what the AWS CLI and boto3 see of it, what its
policies deny, that requests do not change it, and that a change of the file counts without a
restart. PRINCIPALS_FILE and SERVER_PROCESS name both."""

import json
import os
import signal
import subprocess
import time
import unittest

from sts_support import StsCase, key_of, service
from support import ACCOUNT

FILE = os.environ["PRINCIPALS_FILE"]
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
CI = ("AKIAIOSFODNN7EXAMPLE", SECRET)
ADMIN = ("AKIAADMINADMINADMINA", SECRET)
MEMBER = "222233334444"
DENIED = "with an explicit deny in a service control policy"


def aws(*arguments):
    """What the AWS CLI prints, with the credentials of the environment."""
    done = subprocess.run(
        ["aws", "organizations", *arguments, "--output", "json"], capture_output=True, text=True
    )
    assert done.returncode == 0, f"aws {arguments} ended with {done.returncode}: {done.stderr}"
    return json.loads(done.stdout)


def within(seconds, holds):
    """Waits until something holds, which a server does that reads its file again."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "nothing has changed"
        time.sleep(0.2)


def apply(change):
    """Puts another text into the file, and tells the server."""
    with open(FILE) as file:
        text = file.read()
    with open(FILE + ".new", "w") as file:
        file.write(change(text))
    os.rename(FILE + ".new", FILE)
    os.kill(int(os.environ["SERVER_PROCESS"]), signal.SIGHUP)


class OrganizationOfAFile(StsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = aws("list-roots")["Roots"][0]["Id"]
        units = aws("list-organizational-units-for-parent", "--parent-id", cls.root)
        cls.unit = units["OrganizationalUnits"][0]["Id"]
        cls.key = service("kms", CI).create_key()["KeyMetadata"]["Arn"]

    def reached(self):
        """Credentials of the role by which the management account reaches the member."""
        role = f"arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole"
        assumed = service("sts", ADMIN).assume_role(RoleArn=role, RoleSessionName="admin")
        return key_of(assumed)

    def encrypts(self, who):
        try:
            service("kms", who).encrypt(KeyId=self.key, Plaintext=b"x")
        except Exception:
            return False
        return True

    def test_1_clients_see_the_organization_of_the_file(self):
        described = aws("describe-organization")["Organization"]
        self.assertEqual(described["MasterAccountId"], ACCOUNT)
        accounts = aws("list-accounts-for-parent", "--parent-id", self.unit)["Accounts"]
        self.assertEqual([one["Id"] for one in accounts], [MEMBER])
        self.assertEqual(accounts[0]["Email"], "team-a@example.com")
        policies = service("organizations").list_policies_for_target(
            TargetId=self.unit, Filter="SERVICE_CONTROL_POLICY"
        )["Policies"]
        names = sorted(policy["Name"] for policy in policies)
        self.assertEqual(names, ["FullAWSAccess", "no-encrypt"])
        arn = service("sts", CI).get_caller_identity()["Arn"]
        self.assertEqual(arn, f"arn:aws:iam::{MEMBER}:user/ci")

    def test_2_a_policy_of_the_file_denies_everybody_of_the_account(self):
        for who in (CI, self.reached()):
            encrypt = service("kms", who).encrypt
            self.fails(
                "AccessDeniedException", 400, encrypt, contains=DENIED,
                KeyId=self.key, Plaintext=b"x",
            )
            service("kms", who).describe_key(KeyId=self.key)

    def test_3_requests_do_not_change_what_the_file_manages(self):
        organizations = service("organizations")
        policies = organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
        policy = next(one["Id"] for one in policies if one["Name"] == "no-encrypt")
        managed = "only modifiable by the principals file"
        for call, parameters in (
            (organizations.detach_policy, {"PolicyId": policy, "TargetId": self.unit}),
            (organizations.update_policy, {"PolicyId": policy, "Description": "x"}),
            (organizations.close_account, {"AccountId": MEMBER}),
            (organizations.move_account, {
                "AccountId": MEMBER, "SourceParentId": self.unit,
                "DestinationParentId": self.root,
            }),
            (organizations.update_organizational_unit, {
                "OrganizationalUnitId": self.unit, "Name": "x",
            }),
            (organizations.enable_policy_type, {
                "RootId": self.root, "PolicyType": "RESOURCE_CONTROL_POLICY",
            }),
        ):
            self.fails("AccessDeniedException", 400, call, contains=managed, **parameters)
        with self.assertRaises(organizations.exceptions.AccessDeniedException):
            organizations.tag_resource(
                ResourceId=self.unit, Tags=[{"Key": "team", "Value": "x"}]
            )

    def test_4_a_changed_file_counts_without_a_restart(self):
        apply(lambda text: text.replace('targets = ["root/prod"]', "targets = []"))
        within(60, lambda: self.encrypts(CI))
        self.assertTrue(self.encrypts(self.reached()))
        apply(lambda text: text.replace("targets = []", f'targets = ["{MEMBER}"]'))
        within(60, lambda: not self.encrypts(CI))

    def test_5_an_account_that_left_the_file_stays_and_is_changed_by_requests(self):
        def without(text):
            before, rest = text.split("[[account]]")
            return before + "[[scp]]" + rest.split("[[scp]]", 1)[1]

        organizations = service("organizations")
        apply(without)

        def moves():
            try:
                organizations.move_account(
                    AccountId=MEMBER, SourceParentId=self.unit, DestinationParentId=self.root
                )
            except organizations.exceptions.AccessDeniedException:
                return False
            return True

        within(60, moves)
        member = aws("describe-account", "--account-id", MEMBER)["Account"]
        self.assertEqual(member["Status"], "ACTIVE")
        # The policy is still attached to it: the file says so.
        self.assertFalse(self.encrypts(CI))


if __name__ == "__main__":
    unittest.main()
