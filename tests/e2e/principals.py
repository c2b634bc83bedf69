"""IAM through the unmodified boto3 and AWS CLI: users, groups, roles, managed policies, access keys,
and what they let people do with keys."""

import json
import subprocess
import unittest
import uuid

import boto3
import botocore
import botocore.exceptions
from support import ACCOUNT, REGION, Case, check_value, client, config

ENCRYPT = {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*"}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "sts:AssumeRole"}]})


def iam_client(access_key=None):
    keys = access_key or (None, None)
    session = boto3.Session(*keys, region_name=REGION)
    made = session.client("iam", config=config())
    # Before botocore reads the policy documents in it.
    made.meta.events.register_first("after-call.iam", checked)
    return made


def checked(parsed, model, **_):
    """Every answer has the members that AWS's model gives it, and those that it must have."""
    if "Error" in parsed or model.output_shape is None:
        return
    body = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    check_value(model.name, body, model.output_shape)


def name(kind="x"):
    return f"{kind}-{uuid.uuid4().hex[:12]}"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Principals(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.iam = iam_client()

    def denies(self, code, status, call, contains="", **parameters):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**parameters)
        answer = caught.exception.response
        self.assertEqual(answer["Error"]["Code"], code, answer["Error"])
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], status)
        self.assertIn(contains, answer["Error"]["Message"])

    def user(self):
        """A user and the access key of it."""
        made = self.iam.create_user(UserName=name("user"))["User"]["UserName"]
        key = self.iam.create_access_key(UserName=made)["AccessKey"]
        return made, (key["AccessKeyId"], key["SecretAccessKey"])

    def policy(self, *statements):
        made = self.iam.create_policy(PolicyName=name("policy"), PolicyDocument=document(*statements))
        return made["Policy"]["Arn"]


class Entities(Principals):
    def test_a_user_is_told_as_it_was_made(self):
        boundary = self.policy(ENCRYPT)
        tags = [{"Key": "team", "Value": "x y"}, {"Key": "empty", "Value": ""}]
        made = self.iam.create_user(
            UserName="A.b+c=d,e@f_g-h", Path="/dept/x/", Tags=tags, PermissionsBoundary=boundary
        )["User"]
        self.assertEqual(made["Arn"], f"arn:aws:iam::{ACCOUNT}:user/dept/x/A.b+c=d,e@f_g-h")
        self.assertRegex(made["UserId"], "^AIDA[A-Z2-7]{17}$")
        self.assertEqual(made["PermissionsBoundary"]["PermissionsBoundaryArn"], boundary)
        found = self.iam.get_user(UserName="A.b+c=d,e@f_g-h")["User"]
        self.assertEqual(found, made)
        by_key = lambda tag: tag["Key"]
        self.assertEqual(sorted(found["Tags"], key=by_key), sorted(tags, key=by_key))
        self.denies(
            "EntityAlreadyExists", 409, self.iam.create_user, UserName="a.B+c=d,e@f_g-h",
            contains="already exists",
        )

    def test_who_is_deleted_and_made_again_is_somebody_else(self):
        who = name()
        first = self.iam.create_user(UserName=who)["User"]["UserId"]
        self.iam.delete_user(UserName=who)
        self.denies("NoSuchEntity", 404, self.iam.get_user, UserName=who)
        self.denies("NoSuchEntity", 404, self.iam.delete_user, UserName=who)
        self.assertNotEqual(self.iam.create_user(UserName=who)["User"]["UserId"], first)

    def test_values_that_nothing_can_have_are_refused(self):
        for parameters in [
            {"UserName": "a b"}, {"UserName": ""}, {"UserName": "u" * 65},
            {"UserName": "u", "Path": "no-slash"}, {"UserName": "u", "Path": "/a b/"},
            {"UserName": "u", "Tags": [{"Key": "", "Value": "x"}]},
            {"UserName": "u", "Tags": [{"Key": "k" * 129, "Value": "x"}]},
            {"UserName": "u", "Tags": [{"Key": "k", "Value": "<"}]},
        ]:
            self.denies("ValidationError", 400, self.iam.create_user, **parameters)
        for tags in [[{"Key": "aws:x", "Value": ""}],
                     [{"Key": "k", "Value": ""}, {"Key": "K", "Value": ""}]]:
            self.denies("InvalidInput", 400, self.iam.create_user, UserName="u", Tags=tags)
        many = [{"Key": f"k{n}", "Value": ""} for n in range(51)]
        self.denies("LimitExceeded", 409, self.iam.create_user, UserName="u", Tags=many)
        self.denies("ValidationError", 400, self.iam.list_users, MaxItems=0)
        self.denies("ValidationError", 400, self.iam.list_users, MaxItems=1001)
        self.denies("ValidationError", 400, self.iam.list_users, Marker="forged")

    def test_lists_come_in_pages(self):
        path = f"/{name()}/"
        made = [self.iam.create_user(UserName=name(), Path=path)["User"]["Arn"] for _ in range(5)]
        pages = self.iam.get_paginator("list_users").paginate(
            PathPrefix=path, PaginationConfig={"PageSize": 2}
        )
        pages = list(pages)
        self.assertEqual([len(page["Users"]) for page in pages], [2, 2, 1])
        self.assertEqual(
            sorted(user["Arn"] for page in pages for user in page["Users"]), sorted(made)
        )
        marker = self.iam.list_users(MaxItems=1)["Marker"]
        self.denies("ValidationError", 400, self.iam.list_roles, Marker=marker)

    def test_a_user_who_gets_another_name_stays_the_same(self):
        who, key = self.user()
        self.iam.put_user_policy(
            UserName=who, PolicyName="p", PolicyDocument=document(ENCRYPT)
        )
        before = self.iam.get_user(UserName=who)["User"]["UserId"]
        new = name("renamed")
        self.iam.update_user(UserName=who, NewUserName=new, NewPath="/new/")
        self.denies("NoSuchEntity", 404, self.iam.get_user, UserName=who)
        found = self.iam.get_user(UserName=new)["User"]
        self.assertEqual((found["UserId"], found["Path"]), (before, "/new/"))
        self.assertEqual(self.iam.list_user_policies(UserName=new)["PolicyNames"], ["p"])
        client(key).encrypt(KeyId=self.key(), Plaintext=b"x")
        other = self.user()[0]
        self.denies("EntityAlreadyExists", 409, self.iam.update_user, UserName=new, NewUserName=other)

    def test_tags_are_added_replaced_and_removed(self):
        who = self.iam.create_user(UserName=name())["User"]["UserName"]
        role = self.iam.create_role(RoleName=name(), AssumeRolePolicyDocument=TRUST)["Role"]["RoleName"]
        arn = self.policy(ENCRYPT)
        for add, remove, list_, parameters in [
            (self.iam.tag_user, self.iam.untag_user, self.iam.list_user_tags, {"UserName": who}),
            (self.iam.tag_role, self.iam.untag_role, self.iam.list_role_tags, {"RoleName": role}),
            (self.iam.tag_policy, self.iam.untag_policy, self.iam.list_policy_tags, {"PolicyArn": arn}),
        ]:
            add(**parameters, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
            add(**parameters, Tags=[{"Key": "A", "Value": "3"}])
            found = list_(**parameters)["Tags"]
            self.assertEqual(found, [{"Key": "A", "Value": "3"}, {"Key": "b", "Value": "2"}])
            remove(**parameters, TagKeys=["a", "absent"])
            self.assertEqual(list_(**parameters)["Tags"], [{"Key": "b", "Value": "2"}])

    def test_a_role_is_told_as_it_was_made(self):
        who = name("role")
        made = self.iam.create_role(
            RoleName=who, Path="/service/", AssumeRolePolicyDocument=TRUST, Description="what for",
            MaxSessionDuration=7200, Tags=[{"Key": "k", "Value": "v"}],
        )["Role"]
        self.assertRegex(made["RoleId"], "^AROA[A-Z2-7]{17}$")
        self.assertEqual(made["AssumeRolePolicyDocument"], json.loads(TRUST))
        self.assertEqual(self.iam.get_role(RoleName=who)["Role"], made)
        self.iam.update_role(RoleName=who, Description="more", MaxSessionDuration=3600)
        found = self.iam.get_role(RoleName=who)["Role"]
        self.assertEqual((found["Description"], found["MaxSessionDuration"]), ("more", 3600))
        found = self.iam.update_role_description(RoleName=who, Description="")["Role"]
        self.assertEqual(found["Description"], "")
        other = document({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"})
        self.iam.update_assume_role_policy(RoleName=who, PolicyDocument=other)
        found = self.iam.get_role(RoleName=who)["Role"]["AssumeRolePolicyDocument"]
        self.assertEqual(found, json.loads(other))
        profiles = self.iam.list_instance_profiles_for_role(RoleName=who)
        self.assertEqual((profiles["InstanceProfiles"], profiles["IsTruncated"]), ([], False))
        for duration in [3599, 43201]:
            self.denies("ValidationError", 400, self.iam.update_role,
                        RoleName=who, MaxSessionDuration=duration)

    def test_trust_policies_name_those_who_exist(self):
        def trust(principal):
            return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})

        for text in ["", "{", document(ENCRYPT), trust({"AWS": "nobody"}),
                     trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/nobody"}),
                     trust({"AWS": "arn:aws:iam::999999999999:root"})]:
            self.denies("MalformedPolicyDocument", 400, self.iam.create_role,
                        RoleName=name(), AssumeRolePolicyDocument=text)
        who = self.user()[0]
        self.iam.create_role(RoleName=name(), AssumeRolePolicyDocument=trust(
            {"AWS": f"arn:aws:iam::{ACCOUNT}:user/{who}"}))

    def test_what_has_something_cannot_be_deleted(self):
        who, _ = self.user()
        group = self.iam.create_group(GroupName=name())["Group"]["GroupName"]
        role = self.iam.create_role(RoleName=name(), AssumeRolePolicyDocument=TRUST)["Role"]["RoleName"]
        arn = self.policy(ENCRYPT)
        self.iam.add_user_to_group(GroupName=group, UserName=who)
        self.iam.put_user_policy(UserName=who, PolicyName="p", PolicyDocument=document(ENCRYPT))
        self.iam.attach_user_policy(UserName=who, PolicyArn=arn)
        self.iam.attach_role_policy(RoleName=role, PolicyArn=arn)
        self.iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=document(ENCRYPT))
        conflict = lambda call, **parameters: self.denies("DeleteConflict", 409, call, **parameters)
        conflict(self.iam.delete_policy, PolicyArn=arn)
        conflict(self.iam.delete_role, RoleName=role)
        self.iam.detach_role_policy(RoleName=role, PolicyArn=arn)
        self.iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=arn)
        conflict(self.iam.delete_user, UserName=who, contains="must delete access keys first")
        key = self.iam.list_access_keys(UserName=who)["AccessKeyMetadata"][0]["AccessKeyId"]
        self.iam.delete_access_key(UserName=who, AccessKeyId=key)
        conflict(self.iam.delete_user, UserName=who, contains="must delete policies first")
        self.iam.delete_user_policy(UserName=who, PolicyName="p")
        conflict(self.iam.delete_user, UserName=who, contains="must detach all policies first")
        self.iam.detach_user_policy(UserName=who, PolicyArn=arn)
        conflict(self.iam.delete_user, UserName=who)
        conflict(self.iam.delete_group, GroupName=group)
        self.iam.remove_user_from_group(GroupName=group, UserName=who)
        self.iam.delete_user(UserName=who)
        conflict(self.iam.delete_group, GroupName=group)
        self.iam.delete_group_policy(GroupName=group, PolicyName="p")
        self.iam.delete_group(GroupName=group)
        conflict(self.iam.delete_policy, PolicyArn=arn)
        self.iam.delete_role(RoleName=role)
        self.iam.delete_policy(PolicyArn=arn)
        self.denies("NoSuchEntity", 404, self.iam.get_policy, PolicyArn=arn)

    def test_a_group_keeps_its_users_under_another_name(self):
        who = self.user()[0]
        group = self.iam.create_group(GroupName=name(), Path="/g/")["Group"]
        self.assertRegex(group["GroupId"], "^AGPA[A-Z2-7]{17}$")
        self.iam.add_user_to_group(GroupName=group["GroupName"], UserName=who)
        self.iam.add_user_to_group(GroupName=group["GroupName"], UserName=who)
        new = name("renamed")
        self.iam.update_group(GroupName=group["GroupName"], NewGroupName=new)
        found = self.iam.get_group(GroupName=new)
        self.assertEqual(found["Group"]["GroupId"], group["GroupId"])
        self.assertEqual([user["UserName"] for user in found["Users"]], [who])
        groups = self.iam.list_groups_for_user(UserName=who)["Groups"]
        self.assertEqual([one["GroupName"] for one in groups], [new])
        self.assertIn(new, [one["GroupName"] for one in self.iam.list_groups(PathPrefix="/g")["Groups"]])
        self.denies("NoSuchEntity", 404, self.iam.get_group, GroupName=group["GroupName"])
        self.iam.remove_user_from_group(GroupName=new, UserName=who)
        self.denies("NoSuchEntity", 404, self.iam.remove_user_from_group, GroupName=new, UserName=who)
        self.denies("NoSuchEntity", 404, self.iam.add_user_to_group, GroupName=new, UserName="nobody")

    def test_the_account_is_summed_up(self):
        summary = self.iam.get_account_summary()["SummaryMap"]
        self.assertGreaterEqual(summary["UsersQuota"], summary["Users"])
        self.assertEqual(summary["AccountAccessKeysPresent"], 1)
        self.assertEqual(self.iam.list_account_aliases()["AccountAliases"], [])

    def test_who_calls_is_told(self):
        who, key = self.user()
        self.denies("AccessDenied", 403, iam_client(key).get_user)
        allow = {"Effect": "Allow", "Action": "iam:GetUser", "Resource": f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"}
        self.iam.put_user_policy(UserName=who, PolicyName="self", PolicyDocument=document(allow))
        self.assertEqual(iam_client(key).get_user()["User"]["UserName"], who)
        self.denies("AccessDenied", 403, iam_client(key).get_user, UserName=self.user()[0])
        self.denies("AccessDenied", 403, iam_client(key).get_user, UserName="nobody")
        # AWS's model asks for a name and a path, which the root user has not.
        root = boto3.Session(region_name=REGION).client("iam", config=config()).get_user()["User"]
        self.assertEqual((root["Arn"], root["UserId"]), (f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT))


class ManagedPolicies(Principals):
    def test_a_policy_has_up_to_five_versions_one_of_which_counts(self):
        made = self.iam.create_policy(
            PolicyName=name("p"), Path="/x/", Description="what for", PolicyDocument=document(ENCRYPT)
        )["Policy"]
        arn = made["Arn"]
        self.assertRegex(made["PolicyId"], "^ANPA[A-Z2-7]{17}$")
        self.assertEqual((made["DefaultVersionId"], made["AttachmentCount"]), ("v1", 0))
        other = document({"Effect": "Deny", "Action": "kms:*", "Resource": "*"})
        for number in range(2, 6):
            version = self.iam.create_policy_version(
                PolicyArn=arn, PolicyDocument=other, SetAsDefault=number == 3
            )["PolicyVersion"]
            self.assertEqual((version["VersionId"], version["IsDefaultVersion"]), (f"v{number}", number == 3))
        self.denies("LimitExceeded", 409, self.iam.create_policy_version, PolicyArn=arn, PolicyDocument=other)
        versions = self.iam.list_policy_versions(PolicyArn=arn)["Versions"]
        self.assertEqual([one["VersionId"] for one in versions], ["v5", "v4", "v3", "v2", "v1"])
        self.denies("DeleteConflict", 409, self.iam.delete_policy_version, PolicyArn=arn, VersionId="v3")
        self.denies("DeleteConflict", 409, self.iam.delete_policy, PolicyArn=arn)
        first = self.iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
        self.assertEqual(first["Document"], json.loads(document(ENCRYPT)))
        self.iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
        self.assertEqual(self.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"], "v1")
        for number in range(2, 6):
            self.iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{number}")
        self.denies("NoSuchEntity", 404, self.iam.get_policy_version, PolicyArn=arn, VersionId="v2")
        self.denies("ValidationError", 400, self.iam.get_policy_version, PolicyArn=arn, VersionId="2")
        made = self.iam.create_policy_version(PolicyArn=arn, PolicyDocument=other)["PolicyVersion"]
        self.assertEqual(made["VersionId"], "v6")

    def test_who_has_a_policy_is_told(self):
        arn = self.policy(ENCRYPT)
        who = self.user()[0]
        group = self.iam.create_group(GroupName=name())["Group"]["GroupName"]
        role = self.iam.create_role(RoleName=name(), AssumeRolePolicyDocument=TRUST)["Role"]["RoleName"]
        self.iam.attach_user_policy(UserName=who, PolicyArn=arn)
        self.iam.attach_user_policy(UserName=who, PolicyArn=arn)
        self.iam.attach_group_policy(GroupName=group, PolicyArn=arn)
        self.iam.attach_role_policy(RoleName=role, PolicyArn=arn)
        self.iam.put_user_permissions_boundary(UserName=who, PermissionsBoundary=arn)
        found = self.iam.get_policy(PolicyArn=arn)["Policy"]
        self.assertEqual((found["AttachmentCount"], found["PermissionsBoundaryUsageCount"]), (3, 1))
        entities = self.iam.list_entities_for_policy(PolicyArn=arn)
        self.assertEqual([one["UserName"] for one in entities["PolicyUsers"]], [who])
        self.assertEqual([one["GroupName"] for one in entities["PolicyGroups"]], [group])
        self.assertEqual([one["RoleName"] for one in entities["PolicyRoles"]], [role])
        only = self.iam.list_entities_for_policy(PolicyArn=arn, PolicyUsageFilter="PermissionsBoundary")
        self.assertEqual((len(only["PolicyUsers"]), only["PolicyGroups"], only["PolicyRoles"]), (1, [], []))
        for attached in [
            self.iam.list_attached_user_policies(UserName=who),
            self.iam.list_attached_group_policies(GroupName=group),
            self.iam.list_attached_role_policies(RoleName=role),
        ]:
            expected = [{"PolicyName": arn.rsplit("/")[-1], "PolicyArn": arn}]
            self.assertEqual(attached["AttachedPolicies"], expected)
        arns = lambda **parameters: [
            one["Arn"] for page in self.iam.get_paginator("list_policies").paginate(**parameters)
            for one in page["Policies"]
        ]
        self.assertIn(arn, arns(Scope="Local", OnlyAttached=True))
        self.assertEqual(arns(Scope="AWS"), [])
        self.iam.detach_group_policy(GroupName=group, PolicyArn=arn)
        self.denies("NoSuchEntity", 404, self.iam.detach_group_policy, GroupName=group, PolicyArn=arn)

    def test_what_is_no_policy_is_refused(self):
        for text in ["", "{}", document({**ENCRYPT, "Principal": "*"}), document({"Effect": "Allow"})]:
            self.denies("MalformedPolicyDocument", 400, self.iam.create_policy,
                        PolicyName=name(), PolicyDocument=text)
        long = document({**ENCRYPT, "Resource": ["arn:aws:kms:*:*:key/" + "x" * 6144]})
        self.denies("LimitExceeded", 409, self.iam.create_policy, PolicyName=name(), PolicyDocument=long)
        who = self.user()[0]
        fits = document({**ENCRYPT, "Resource": ["arn:aws:kms:*:*:key/" + "x" * 1500]})
        self.iam.put_user_policy(UserName=who, PolicyName="a", PolicyDocument=fits)
        self.iam.put_user_policy(UserName=who, PolicyName="a", PolicyDocument=fits)
        self.denies("LimitExceeded", 409, self.iam.put_user_policy,
                    UserName=who, PolicyName="b", PolicyDocument=fits)

    def test_policies_that_there_are_not_cannot_be_attached(self):
        who = self.user()[0]
        for arn in [
            f"arn:aws:iam::{ACCOUNT}:policy/nothing", "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "arn:aws:iam::999999999999:policy/foreign",
        ]:
            self.denies("NoSuchEntity", 404, self.iam.attach_user_policy, UserName=who, PolicyArn=arn)
            self.denies("NoSuchEntity", 404, self.iam.put_user_permissions_boundary,
                        UserName=who, PermissionsBoundary=arn)
        self.denies("ValidationError", 400, self.iam.attach_user_policy, UserName=who, PolicyArn="nothing")

    def test_documents_come_back_as_they_were_given(self):
        who = self.user()[0]
        text = '{ "Version": "2012-10-17",\n  "Statement": [{"Sid": "a", "Effect": "Allow",\t"Action": "kms:*", "Resource": "arn:aws:kms:*:*:key/%2f+ &<é"}] }'
        self.iam.put_user_policy(UserName=who, PolicyName="p", PolicyDocument=text)
        found = self.iam.get_user_policy(UserName=who, PolicyName="p")["PolicyDocument"]
        self.assertEqual(found, json.loads(text))


class Permissions(Principals):
    def setUp(self):
        self.key_id = self.key()
        self.who, self.access_key = self.user()

    def may(self):
        try:
            client(self.access_key).encrypt(KeyId=self.key_id, Plaintext=b"x")
            return True
        except botocore.exceptions.ClientError as refused:
            self.assertEqual(refused.response["Error"]["Code"], "AccessDeniedException")
            return False

    def test_by_an_inline_policy(self):
        self.assertFalse(self.may())
        self.iam.put_user_policy(UserName=self.who, PolicyName="p", PolicyDocument=document(ENCRYPT))
        self.assertTrue(self.may())
        self.iam.delete_user_policy(UserName=self.who, PolicyName="p")
        self.assertFalse(self.may())

    def test_by_an_attached_policy_and_its_default_version(self):
        arn = self.policy(ENCRYPT)
        self.iam.attach_user_policy(UserName=self.who, PolicyArn=arn)
        self.assertTrue(self.may())
        deny = document({**ENCRYPT, "Effect": "Deny"})
        self.iam.create_policy_version(PolicyArn=arn, PolicyDocument=deny)
        self.assertTrue(self.may())
        self.iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
        self.assertFalse(self.may())
        self.iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
        self.assertTrue(self.may())
        self.iam.detach_user_policy(UserName=self.who, PolicyArn=arn)
        self.assertFalse(self.may())

    def test_by_the_policies_of_a_group(self):
        group = self.iam.create_group(GroupName=name())["Group"]["GroupName"]
        self.iam.add_user_to_group(GroupName=group, UserName=self.who)
        self.assertFalse(self.may())
        self.iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=document(ENCRYPT))
        self.assertTrue(self.may())
        self.iam.delete_group_policy(GroupName=group, PolicyName="p")
        self.assertFalse(self.may())
        arn = self.policy(ENCRYPT)
        self.iam.attach_group_policy(GroupName=group, PolicyArn=arn)
        self.assertTrue(self.may())
        self.iam.update_group(GroupName=group, NewGroupName=group + "-renamed")
        self.assertTrue(self.may())
        self.iam.remove_user_from_group(GroupName=group + "-renamed", UserName=self.who)
        self.assertFalse(self.may())

    def test_a_denying_policy_of_a_group_wins(self):
        self.iam.put_user_policy(UserName=self.who, PolicyName="p", PolicyDocument=document(ENCRYPT))
        group = self.iam.create_group(GroupName=name())["Group"]["GroupName"]
        deny = document({**ENCRYPT, "Effect": "Deny"})
        self.iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=deny)
        self.iam.add_user_to_group(GroupName=group, UserName=self.who)
        self.assertFalse(self.may())

    def test_never_beyond_the_boundary(self):
        self.iam.put_user_policy(UserName=self.who, PolicyName="p", PolicyDocument=document(ENCRYPT))
        narrow = self.policy({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"})
        self.iam.put_user_permissions_boundary(UserName=self.who, PermissionsBoundary=narrow)
        self.assertFalse(self.may())
        wide = self.policy({"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
        self.iam.put_user_permissions_boundary(UserName=self.who, PermissionsBoundary=wide)
        self.assertTrue(self.may())
        self.iam.put_user_permissions_boundary(UserName=self.who, PermissionsBoundary=narrow)
        self.iam.delete_user_permissions_boundary(UserName=self.who)
        self.assertTrue(self.may())
        self.denies("NoSuchEntity", 404, self.iam.delete_user_permissions_boundary, UserName=self.who)

    def test_a_key_policy_names_users_with_their_path_and_roles(self):
        role = self.iam.create_role(RoleName=name(), Path="/r/", AssumeRolePolicyDocument=TRUST)["Role"]
        made = self.iam.create_user(UserName=name(), Path="/p/")["User"]
        account = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}

        def put(*principals):
            named = {**account, "Principal": {"AWS": list(principals)}, "Action": "kms:Encrypt"}
            self.kms.put_key_policy(KeyId=self.key_id, Policy=document(account, named))

        put(role["Arn"], made["Arn"])
        key = self.iam.create_access_key(UserName=made["UserName"])["AccessKey"]
        direct = client((key["AccessKeyId"], key["SecretAccessKey"]))
        direct.encrypt(KeyId=self.key_id, Plaintext=b"x")
        for absent in [role["Arn"].replace("/r/", "/"), made["Arn"].replace("/p/", "/")]:
            self.refused("MalformedPolicyDocumentException", lambda: put(absent))

    def test_a_grant_is_given_to_a_role(self):
        role = self.iam.create_role(RoleName=name(), AssumeRolePolicyDocument=TRUST)["Role"]
        self.kms.create_grant(KeyId=self.key_id, GranteePrincipal=role["Arn"], Operations=["Encrypt"])
        grants = self.kms.list_grants(KeyId=self.key_id)["Grants"]
        self.assertEqual([one["GranteePrincipal"] for one in grants], [role["Arn"]])
        self.iam.delete_role(RoleName=role["RoleName"])
        grants = self.kms.list_grants(KeyId=self.key_id)["Grants"]
        self.assertEqual([one["GranteePrincipal"] for one in grants], [role["RoleId"]])


class AccessKeys(Principals):
    def test_a_deleted_key_is_refused_at_once(self):
        who, key = self.user()
        self.denies("AccessDenied", 403, iam_client(key).list_users)
        self.iam.delete_access_key(UserName=who, AccessKeyId=key[0])
        self.denies("InvalidClientTokenId", 403, iam_client(key).list_users)
        self.refused("UnrecognizedClientException", client(key).list_keys)
        self.denies("NoSuchEntity", 404, self.iam.delete_access_key, UserName=who, AccessKeyId=key[0])

    def test_an_inactive_key_is_refused_until_it_is_active(self):
        who, key = self.user()
        self.iam.update_access_key(UserName=who, AccessKeyId=key[0], Status="Inactive")
        listed = self.iam.list_access_keys(UserName=who)["AccessKeyMetadata"]
        self.assertEqual([one["Status"] for one in listed], ["Inactive"])
        self.denies("InvalidClientTokenId", 403, iam_client(key).list_users)
        self.refused("UnrecognizedClientException", client(key).list_keys)
        self.iam.update_access_key(UserName=who, AccessKeyId=key[0], Status="Active")
        self.denies("AccessDenied", 403, iam_client(key).list_users)
        self.denies("ValidationError", 400, self.iam.update_access_key,
                    UserName=who, AccessKeyId=key[0], Status="Asleep")

    def test_a_user_has_two_keys_at_most(self):
        who, _ = self.user()
        self.iam.create_access_key(UserName=who)
        self.denies("LimitExceeded", 409, self.iam.create_access_key, UserName=who)
        self.denies("NoSuchEntity", 404, self.iam.create_access_key, UserName="nobody")

    def test_a_key_is_managed_as_one_of_its_own_user(self):
        who, key = self.user()
        other, foreign = self.user()
        allow = {"Effect": "Allow", "Action": "iam:*AccessKey*", "Resource": f"arn:aws:iam::{ACCOUNT}:user/{who}"}
        self.iam.put_user_policy(UserName=who, PolicyName="own", PolicyDocument=document(allow))
        own = iam_client(key)
        second = own.create_access_key()["AccessKey"]
        self.assertEqual(second["UserName"], who)
        self.assertEqual(len(own.list_access_keys()["AccessKeyMetadata"]), 2)
        root = boto3.Session().get_credentials().access_key
        for call, parameters in [
            (own.delete_access_key, {}), (own.update_access_key, {"Status": "Inactive"}),
            (own.get_access_key_last_used, {}),
        ]:
            for identity in [foreign[0], root, "AKIAAAAAAAAAAAAAAAAA"]:
                self.denies("AccessDenied", 403, call, AccessKeyId=identity, **parameters)
        own.delete_access_key(AccessKeyId=second["AccessKeyId"])
        self.denies("NoSuchEntity", 404, self.iam.delete_access_key, UserName=other, AccessKeyId=key[0])
        # What is said to be one's own key and is not does not exist; nobody learns whose it is.
        for identity in [foreign[0], root, "AKIAAAAAAAAAAAAAAAAA"]:
            self.denies("NoSuchEntity", 404, own.delete_access_key, UserName=who, AccessKeyId=identity)

    def test_who_may_do_everything_gets_no_key_of_the_root_user(self):
        who, key = self.user()
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        self.iam.put_user_policy(UserName=who, PolicyName="all", PolicyDocument=document(everything))
        root = boto3.Session().get_credentials().access_key
        for call, parameters in [
            (iam_client(key).delete_access_key, {}),
            (iam_client(key).update_access_key, {"Status": "Inactive"}),
        ]:
            self.denies("AccessDenied", 403, call, AccessKeyId=root, **parameters)

    def test_the_last_use_of_a_key_is_told(self):
        who, key = self.user()
        unused = self.iam.get_access_key_last_used(AccessKeyId=key[0])
        self.assertEqual(unused["UserName"], who)
        self.assertEqual(unused["AccessKeyLastUsed"], {"ServiceName": "N/A", "Region": "N/A"})
        self.refused("AccessDeniedException", client(key).list_keys)
        used = self.iam.get_access_key_last_used(AccessKeyId=key[0])["AccessKeyLastUsed"]
        self.assertEqual((used["ServiceName"], used["Region"]), ("kms", REGION))
        self.denies("AccessDenied", 403, iam_client(key).list_users)
        used = self.iam.get_access_key_last_used(AccessKeyId=key[0])["AccessKeyLastUsed"]
        self.assertEqual(used["ServiceName"], "iam")


class Delegation(Principals):
    """Who may administer principals, and no more than the policies say."""

    def administrator(self, *statements):
        who, key = self.user()
        self.iam.put_user_policy(UserName=who, PolicyName="admin", PolicyDocument=document(*statements))
        return who, iam_client(key)

    def test_nobody_gives_himself_more_without_permission(self):
        who, key = self.user()
        own = iam_client(key)
        arn = self.policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
        group = self.iam.create_group(GroupName=name())["Group"]["GroupName"]
        for call, parameters in [
            (own.put_user_policy, {"UserName": who, "PolicyName": "p", "PolicyDocument": document(ENCRYPT)}),
            (own.attach_user_policy, {"UserName": who, "PolicyArn": arn}),
            (own.add_user_to_group, {"UserName": who, "GroupName": group}),
            (own.delete_user_permissions_boundary, {"UserName": who}),
            (own.create_access_key, {}),
            (own.create_policy_version, {"PolicyArn": arn, "PolicyDocument": document(ENCRYPT)}),
            (own.update_user, {"UserName": who, "NewUserName": "admin"}),
            (own.create_role, {"RoleName": "r", "AssumeRolePolicyDocument": TRUST}),
        ]:
            self.denies("AccessDenied", 403, call, contains=f"user/{who} is not authorized", **parameters)

    def test_only_the_policies_that_a_condition_names_are_attached(self):
        good, bad = self.policy(ENCRYPT), self.policy(ENCRYPT)
        _, admin = self.administrator({
            "Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*",
            "Condition": {"ArnEquals": {"iam:PolicyARN": good}}})
        who = self.user()[0]
        admin.attach_user_policy(UserName=who, PolicyArn=good)
        self.denies("AccessDenied", 403, admin.attach_user_policy, UserName=who, PolicyArn=bad)

    def test_only_users_with_a_boundary_are_made(self):
        boundary = self.policy(ENCRYPT)
        _, admin = self.administrator({
            "Effect": "Allow", "Action": ["iam:CreateUser", "iam:PutUserPolicy"], "Resource": "*",
            "Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}}})
        self.denies("AccessDenied", 403, admin.create_user, UserName=name())
        who = admin.create_user(UserName=name(), PermissionsBoundary=boundary)["User"]["UserName"]
        admin.put_user_policy(UserName=who, PolicyName="p", PolicyDocument=document(ENCRYPT))
        free = self.user()[0]
        self.denies("AccessDenied", 403, admin.put_user_policy,
                    UserName=free, PolicyName="p", PolicyDocument=document(ENCRYPT))

    def test_tags_and_paths_say_who_administers_whom(self):
        _, admin = self.administrator(
            {"Effect": "Allow", "Action": ["iam:CreateUser", "iam:DeleteUser"], "Resource": f"arn:aws:iam::{ACCOUNT}:user/team/*"},
            {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*",
             "Condition": {"StringEquals": {"aws:ResourceTag/team": "x"}}})
        mine = admin.create_user(UserName=name(), Path="/team/")["User"]["UserName"]
        self.denies("AccessDenied", 403, admin.create_user, UserName=name())
        self.denies("AccessDenied", 403, admin.create_user, UserName=name(), Path="/team/",
                    Tags=[{"Key": "k", "Value": "v"}], contains="iam:TagUser")
        self.denies("AccessDenied", 403, admin.get_user, UserName=mine)
        self.iam.tag_user(UserName=mine, Tags=[{"Key": "team", "Value": "x"}])
        admin.get_user(UserName=mine)
        self.denies("AccessDenied", 403, admin.delete_user, UserName=self.user()[0])
        admin.delete_user(UserName=mine)

    def test_a_user_moves_only_where_the_administrator_may(self):
        _, admin = self.administrator(
            {"Effect": "Allow", "Action": "iam:UpdateUser", "Resource": f"arn:aws:iam::{ACCOUNT}:user/team/*"})
        who = self.iam.create_user(UserName=name(), Path="/team/")["User"]["UserName"]
        self.denies("AccessDenied", 403, admin.update_user, UserName=who, NewPath="/elsewhere/")
        admin.update_user(UserName=who, NewPath="/team/b/")


OPERATIONS = """
AddUserToGroup AttachGroupPolicy AttachRolePolicy AttachUserPolicy CreateAccessKey CreateGroup
CreatePolicy CreatePolicyVersion CreateRole CreateUser DeleteAccessKey DeleteGroup
DeleteGroupPolicy DeletePolicy DeletePolicyVersion DeleteRole DeleteRolePermissionsBoundary
DeleteRolePolicy DeleteUser DeleteUserPermissionsBoundary DeleteUserPolicy DetachGroupPolicy
DetachRolePolicy DetachUserPolicy GetAccessKeyLastUsed GetAccountSummary GetGroup GetGroupPolicy
GetPolicy GetPolicyVersion GetRole GetRolePolicy GetUser GetUserPolicy ListAccessKeys
ListAccountAliases ListAttachedGroupPolicies ListAttachedRolePolicies ListAttachedUserPolicies
ListEntitiesForPolicy ListGroupPolicies ListGroups ListGroupsForUser ListInstanceProfilesForRole
ListPolicies ListPolicyTags ListPolicyVersions ListRolePolicies ListRoleTags ListRoles
ListUserPolicies ListUserTags ListUsers PutGroupPolicy PutRolePermissionsBoundary PutRolePolicy
PutUserPermissionsBoundary PutUserPolicy RemoveUserFromGroup SetDefaultPolicyVersion TagPolicy
TagRole TagUser UntagPolicy UntagRole UntagUser UpdateAccessKey UpdateAssumeRolePolicy UpdateGroup
UpdateRole UpdateRoleDescription UpdateUser SimulateCustomPolicy SimulatePrincipalPolicy
GetContextKeysForCustomPolicy GetContextKeysForPrincipalPolicy GetAccountAuthorizationDetails
GenerateCredentialReport GetCredentialReport
""".split()


class Model(Principals):
    """Against AWS's model of IAM: no member of a request is missing here."""

    VALUES = {
        "AccessKeyId": "AKIA" + "A" * 16, "Path": "/", "NewPath": "/", "PathPrefix": "/",
        "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/none", "VersionId": "v1", "Status": "Active",
        "PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/none", "MaxSessionDuration": 3600,
        "Tags": [{"Key": "k", "Value": "v"}], "TagKeys": ["k"], "OnlyAttached": True,
        "SetAsDefault": True, "MaxItems": 1, "Scope": "All", "EntityFilter": "User",
        "PolicyUsageFilter": "PermissionsPolicy", "Filter": ["User"],
        "PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:user/none", "PolicyInputList": [document(ENCRYPT)],
        "PermissionsBoundaryPolicyInputList": [document(ENCRYPT)], "ActionNames": ["kms:Encrypt"],
        "ResourceArns": ["*"], "PolicyExclusionList": [{"PolicyType": "inline"}],
        "OrderedOrganizationPolicyInputList": [{"ServiceControlPolicyInputList": [document(ENCRYPT)]}],
        "ContextEntries": [{"ContextKeyName": "a:bcde", "ContextKeyValues": ["x"], "ContextKeyType": "string"}],
    }

    def test_every_member_of_every_operation_is_read(self):
        for operation in OPERATIONS:
            with self.subTest(operation):
                shape = self.iam.meta.service_model.operation_model(operation).input_shape
                members = shape.members if shape else {}
                parameters = {member: self.VALUES.get(member, "none") for member in members}
                call = getattr(self.iam, botocore.xform_name(operation))
                try:
                    call(**parameters)
                except botocore.exceptions.ClientError as refused:
                    self.assertNotEqual(refused.response["Error"]["Code"], "InvalidAction")
                    self.assertNotIn("not one of this operation", str(refused))

    def test_what_is_required_is_asked_for(self):
        for operation in OPERATIONS:
            shape = self.iam.meta.service_model.operation_model(operation).input_shape
            for missing in shape.required_members if shape else []:
                with self.subTest(f"{operation} {missing}"):
                    parameters = {
                        member: self.VALUES.get(member, "none")
                        for member in shape.members if member != missing
                    }
                    call = getattr(self.iam, botocore.xform_name(operation))
                    self.denies("ValidationError", 400, call, contains="must not be null", **parameters)


def aws(*arguments):
    """What the AWS CLI prints."""
    done = subprocess.run(["aws", *arguments, "--output", "json"], capture_output=True, text=True)
    assert done.returncode == 0, f"aws {arguments} ended with {done.returncode}: {done.stderr}"
    return json.loads(done.stdout) if done.stdout.strip() else None


class CommandLine(Principals):
    def test_the_aws_cli_administers_principals(self):
        who, group, role = name("user"), name("group"), name("role")
        made = aws("iam", "create-user", "--user-name", who, "--path", "/cli/", "--tags", "Key=a,Value=b")
        self.assertEqual(made["User"]["Arn"], f"arn:aws:iam::{ACCOUNT}:user/cli/{who}")
        key = aws("iam", "create-access-key", "--user-name", who)["AccessKey"]
        self.assertEqual(len(key["SecretAccessKey"]), 40)
        aws("iam", "create-group", "--group-name", group)
        aws("iam", "add-user-to-group", "--group-name", group, "--user-name", who)
        aws("iam", "put-user-policy", "--user-name", who, "--policy-name", "p", "--policy-document", document(ENCRYPT))
        shown = aws("iam", "get-user-policy", "--user-name", who, "--policy-name", "p")
        self.assertEqual(shown["PolicyDocument"], json.loads(document(ENCRYPT)))
        arn = aws("iam", "create-policy", "--policy-name", name(), "--policy-document", document(ENCRYPT))["Policy"]["Arn"]
        aws("iam", "attach-user-policy", "--user-name", who, "--policy-arn", arn)
        made = aws("iam", "create-role", "--role-name", role, "--assume-role-policy-document", TRUST)
        self.assertEqual(made["Role"]["AssumeRolePolicyDocument"], json.loads(TRUST))
        aws("iam", "attach-role-policy", "--role-name", role, "--policy-arn", arn)
        aws("iam", "put-role-permissions-boundary", "--role-name", role, "--permissions-boundary", arn)
        self.assertIn(who, [user["UserName"] for user in aws("iam", "list-users", "--page-size", "3")["Users"]])
        self.assertEqual(aws("iam", "get-group", "--group-name", group)["Users"][0]["UserName"], who)
        client((key["AccessKeyId"], key["SecretAccessKey"])).encrypt(KeyId=self.key(), Plaintext=b"x")


if __name__ == "__main__":
    unittest.main()
