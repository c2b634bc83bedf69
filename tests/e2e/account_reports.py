"""What IAM tells of a whole account, through the unmodified boto3 and AWS CLI: the authorization
details and the credential report."""

import base64
import csv
import io
import json
import unittest

import botocore
import botocore.session
from principals import ENCRYPT, TRUST, Principals, aws, document, iam_client, name
from support import ACCOUNT, ROOT, client

LISTS = {"User": "UserDetailList", "Group": "GroupDetailList", "Role": "RoleDetailList",
         "LocalManagedPolicy": "Policies"}


def only(items, key, value):
    found = [item for item in items if item[key] == value]
    assert len(found) == 1, (key, value, items)
    return found[0]


class Details(Principals):
    def details(self, iam=None, **given):
        pages = (iam or self.iam).get_paginator("get_account_authorization_details").paginate(**given)
        return pages.build_full_result()

    def test_everybody_is_told_with_policies_groups_tags_and_boundary(self):
        allow = json.loads(document(ENCRYPT))
        (who, _), group, role, managed = self.user(), name("group"), name("role"), self.policy(ENCRYPT)
        self.iam.create_group(GroupName=group, Path="/g/")
        self.iam.add_user_to_group(GroupName=group, UserName=who)
        self.iam.put_group_policy(GroupName=group, PolicyName="of-group", PolicyDocument=document(ENCRYPT))
        self.iam.put_user_policy(UserName=who, PolicyName="own", PolicyDocument=document(ENCRYPT))
        self.iam.attach_user_policy(UserName=who, PolicyArn=managed)
        self.iam.put_user_permissions_boundary(UserName=who, PermissionsBoundary=managed)
        self.iam.tag_user(UserName=who, Tags=[{"Key": "team", "Value": "x"}])
        self.iam.create_role(RoleName=role, Path="/r/", AssumeRolePolicyDocument=TRUST)
        self.iam.put_role_policy(RoleName=role, PolicyName="of-role", PolicyDocument=document(ENCRYPT))
        self.iam.create_policy_version(PolicyArn=managed, PolicyDocument=document(ENCRYPT), SetAsDefault=True)
        told = self.details()

        user = only(told["UserDetailList"], "UserName", who)
        known = self.iam.get_user(UserName=who)["User"]
        self.assertEqual({key: user[key] for key in known}, known)
        self.assertEqual(user["UserPolicyList"], [{"PolicyName": "own", "PolicyDocument": allow}])
        self.assertEqual(user["GroupList"], [group])
        attached = {"PolicyName": managed.rsplit("/", 1)[1], "PolicyArn": managed}
        self.assertEqual(user["AttachedManagedPolicies"], [attached])
        self.assertEqual(user["PermissionsBoundary"]["PermissionsBoundaryArn"], managed)

        shown = only(told["GroupDetailList"], "GroupName", group)
        self.assertEqual(shown["Path"], "/g/")
        self.assertEqual(shown["GroupPolicyList"], [{"PolicyName": "of-group", "PolicyDocument": allow}])
        self.assertEqual(shown["AttachedManagedPolicies"], [])

        shown = only(told["RoleDetailList"], "RoleName", role)
        self.assertEqual(shown["AssumeRolePolicyDocument"], json.loads(TRUST))
        self.assertEqual(shown["RolePolicyList"], [{"PolicyName": "of-role", "PolicyDocument": allow}])
        self.assertEqual(shown["InstanceProfileList"], [])

        shown = only(told["Policies"], "Arn", managed)
        self.assertEqual((shown["AttachmentCount"], shown["PermissionsBoundaryUsageCount"]), (1, 1))
        versions = [(one["VersionId"], one["IsDefaultVersion"], one["Document"])
                    for one in shown["PolicyVersionList"]]
        self.assertEqual(versions, [("v1", False, allow), ("v2", True, allow)])

    def test_documents_are_percent_encoded_on_the_wire(self):
        who, _ = self.user()
        self.iam.put_user_policy(UserName=who, PolicyName="own", PolicyDocument=document(ENCRYPT))
        raw = []
        iam = iam_client()
        iam.meta.events.register("before-parse.iam", lambda response_dict, **_: raw.append(response_dict["body"]))
        iam.get_account_authorization_details(Filter=["User"])
        self.assertIn(b"%7B%22Version%22%3A", raw[0])
        self.assertNotIn(b'{"Version"', raw[0])

    def test_a_filter_leaves_the_others_out(self):
        self.user()
        self.policy(ENCRYPT)
        self.iam.create_group(GroupName=name())
        self.iam.create_role(RoleName=name(), AssumeRolePolicyDocument=TRUST)
        for kind, wanted in LISTS.items():
            told = self.iam.get_account_authorization_details(Filter=[kind], MaxItems=1000)
            filled = [key for key in LISTS.values() if told[key]]
            self.assertEqual(filled, [wanted])
        told = self.iam.get_account_authorization_details(Filter=["AWSManagedPolicy"])
        self.assertEqual([told[key] for key in LISTS.values()], [[], [], [], []])
        told = self.details(Filter=["User", "Role"])
        self.assertTrue(told["UserDetailList"] and told["RoleDetailList"])
        self.denies("ValidationError", 400, self.iam.get_account_authorization_details,
                    contains="enum value set", Filter=["Users"])

    def test_pages_make_the_whole_and_a_marker_serves_its_own_listing(self):
        for _ in range(3):
            self.user()
        self.policy(ENCRYPT)
        everything = self.details()
        self.assertEqual(self.details(PaginationConfig={"PageSize": 2}), everything)
        first = self.iam.get_account_authorization_details(MaxItems=1)
        self.assertTrue(first["IsTruncated"])
        call = self.iam.get_account_authorization_details
        for given in [{"Marker": "none"}, {"Marker": first["Marker"], "Filter": ["User"]},
                      {"Marker": first["Marker"][:-1]}, {"MaxItems": 0}, {"MaxItems": 1001}]:
            self.denies("ValidationError", 400, call, **given)
        self.denies("ValidationError", 400, self.iam.list_users, Marker=first["Marker"])

    def test_nobody_is_told_without_permission(self):
        who, access = self.user()
        iam = iam_client(access)
        for call, action in [
            (iam.get_account_authorization_details, "iam:GetAccountAuthorizationDetails"),
            (iam.generate_credential_report, "iam:GenerateCredentialReport"),
            (iam.get_credential_report, "iam:GetCredentialReport"),
        ]:
            self.denies("AccessDenied", 403, call, contains=action)
        self.iam.put_user_policy(UserName=who, PolicyName="p", PolicyDocument=document(
            {"Effect": "Allow", "Action": "iam:GetAccountAuthorizationDetails", "Resource": "*"}))
        iam.get_account_authorization_details()


class CredentialReport(Principals):
    """One test, since a report is given out for four hours."""

    HEADER = (
        "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
        "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
        "access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
        "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
        "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
        "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
    )
    DATE = r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$"

    def test_the_report_tells_how_everybody_proves_to_be_who_they_are(self):
        self.denies("ReportNotPresent", 410, self.iam.get_credential_report)
        used, access = self.user()
        second = self.iam.create_access_key(UserName=used)["AccessKey"]["AccessKeyId"]
        self.iam.update_access_key(UserName=used, AccessKeyId=second, Status="Inactive")
        self.refused("AccessDeniedException", client(access).list_keys)
        bare = f"a,b={name()}"
        self.iam.create_user(UserName=bare, Path="/p/")
        self.assertEqual(self.iam.generate_credential_report()["State"], "COMPLETE")
        told = self.iam.get_credential_report()
        self.assertEqual(told["ReportFormat"], "text/csv")
        text = told["Content"].decode()
        self.assertEqual(text.splitlines()[0], self.HEADER)
        rows = list(csv.DictReader(io.StringIO(text)))

        self.assertEqual(rows[0]["user"], "<root_account>")
        self.assertEqual((rows[0]["arn"], rows[0]["password_enabled"]), (ROOT, "not_supported"))
        self.assertEqual(rows[0]["access_key_1_active"], "true")
        row = only(rows, "user", bare)
        self.assertEqual(row["arn"], f"arn:aws:iam::{ACCOUNT}:user/p/{bare}")
        self.assertRegex(row["user_creation_time"], self.DATE)
        nothing = {value for key, value in row.items() if not key.startswith("user") and key != "arn"}
        self.assertEqual(nothing, {"false", "N/A"})
        row = only(rows, "user", used)
        self.assertEqual((row["access_key_1_active"], row["access_key_2_active"], row["mfa_active"]),
                         ("true", "false", "false"))
        self.assertRegex(row["access_key_1_last_used_date"], self.DATE)
        self.assertEqual(row["access_key_1_last_used_service"], "kms")
        self.assertRegex(row["access_key_2_last_rotated"], self.DATE)
        self.assertEqual(row["access_key_2_last_used_date"], "N/A")
        self.assertEqual({row[key] for key in row if key.startswith("cert")}, {"false", "N/A"})
        self.assertNotIn(access[1], text)

        # The same report until it is four hours old.
        later, _ = self.user()
        self.iam.generate_credential_report()
        again = self.iam.get_credential_report()
        self.assertEqual((again["Content"], again["GeneratedTime"]), (told["Content"], told["GeneratedTime"]))
        self.assertNotIn(later, text)
        shown = aws("iam", "get-credential-report")
        self.assertEqual(base64.b64decode(shown["Content"]), told["Content"])
        self.assertEqual(aws("iam", "generate-credential-report")["State"], "COMPLETE")


class Summary(Principals):
    def test_the_summary_counts_what_there_is(self):
        before = self.iam.get_account_summary()["SummaryMap"]
        self.user()
        device = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=name("mfa"))
        self.assertTrue(device["VirtualMFADevice"]["SerialNumber"])
        after = self.iam.get_account_summary()["SummaryMap"]
        self.assertEqual(after["Users"], before["Users"] + 1)
        self.assertEqual(after["MFADevices"], before["MFADevices"] + 1)
        self.assertEqual((after["MFADevicesInUse"], after["AccountMFAEnabled"]), (before["MFADevicesInUse"], 0))
        known = botocore.session.get_session().get_service_model("iam").shape_for("summaryKeyType").enum
        self.assertLessEqual(set(after), set(known))


class CommandLine(Principals):
    def test_the_aws_cli_shows_the_account(self):
        who, _ = self.user()
        told = aws("iam", "get-account-authorization-details", "--filter", "User", "--page-size", "1")
        self.assertIn(who, [user["UserName"] for user in told["UserDetailList"]])
        self.assertEqual(told["Policies"], [])
        with self.assertRaisesRegex(AssertionError, "ValidationError"):
            aws("iam", "get-account-authorization-details", "--no-paginate", "--marker", "none")


if __name__ == "__main__":
    unittest.main()
