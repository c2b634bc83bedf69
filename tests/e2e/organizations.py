"""AWS Organizations through the unmodified AWS CLI and boto3: accounts of one store, who reaches
whose keys, and what policies of the organization do to them."""

import json
import os
import subprocess
import tempfile
import unittest

import botocore
import botocore.exceptions
from sts_support import StsCase, allow, key_of, name, service
from support import ACCOUNT, REGION, check_shape, user

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"


def client(key=None):
    made = service("organizations", key)
    made.meta.events.register("after-call.organizations", check_shape)
    return made


def aws(*arguments, key=None):
    """What the AWS CLI prints."""
    environment = dict(os.environ)
    if key is not None:
        identity, secret, token = (*key, None)[:3]
        environment.pop("AWS_PROFILE", None)
        environment.update(AWS_ACCESS_KEY_ID=identity, AWS_SECRET_ACCESS_KEY=secret)
        if token:
            environment["AWS_SESSION_TOKEN"] = token
    done = subprocess.run(
        ["aws", *arguments, "--output", "json"], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, f"aws {arguments} ended with {done.returncode}: {done.stderr}"
    return json.loads(done.stdout) if done.stdout.strip() else None


def document(effect, *actions, **more):
    statement = {"Effect": effect, "Action": list(actions), "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Organization(StsCase):
    """Tests in one organization of one server, made when the first of them starts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.organizations = client()
        try:
            cls.organizations.create_organization(FeatureSet="ALL")
        except cls.organizations.exceptions.AlreadyInOrganizationException:
            pass
        cls.root = cls.organizations.list_roots()["Roots"][0]

    def refuses(self, code, call, /, reason=None, **parameters):
        """`call` of Organizations fails with AWS's code, and its reason where it has one."""
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**parameters)
        answer = caught.exception.response
        self.assertEqual(answer["Error"]["Code"], code, answer["Error"])
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 400)
        self.assertEqual(answer.get("Reason"), reason, answer)
        self.assertTrue(answer["Error"]["Message"])

    def account(self, **more):
        """A new account: its id."""
        made = name("acc")
        status = self.organizations.create_account(
            Email=f"{made}@example.com", AccountName=made, **more
        )["CreateAccountStatus"]
        self.assertEqual(status["State"], "SUCCEEDED")
        return status["AccountId"]

    def administrator(self, account, role="OrganizationAccountAccessRole"):
        """Credentials of the role by which the management account reaches another."""
        _, who, key = self.someone()
        allow(who, "sts:AssumeRole")
        return key_of(service("sts", key).assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="sess"
        ))

    def user_of(self, administrator, *actions):
        """A new user of the administrator's account: its access key."""
        iam, who = service("iam", administrator), name("user")
        iam.create_user(UserName=who)
        if actions:
            iam.put_user_policy(
                UserName=who, PolicyName="p", PolicyDocument=document("Allow", *actions)
            )
        made = iam.create_access_key(UserName=who)["AccessKey"]
        return made["AccessKeyId"], made["SecretAccessKey"]

    def policy(self, kind, content):
        made = self.organizations.create_policy(
            Name=name("p"), Description="", Type=kind, Content=content
        )
        return made["Policy"]["PolicySummary"]["Id"]

    def enable_resource_control(self):
        try:
            self.organizations.enable_policy_type(RootId=self.root["Id"], PolicyType=RCP)
        except self.organizations.exceptions.PolicyTypeAlreadyEnabledException:
            pass

    def encrypts(self, key, arn):
        service("kms", key).encrypt(KeyId=arn, Plaintext=b"x")

    def denies(self, key, arn, contains):
        call = service("kms", key).encrypt
        self.refused("AccessDeniedException", call, contains=contains, KeyId=arn, Plaintext=b"x")


FOREIGN = "no resource-based policies allow access"


class CommandLine(Organization):
    def test_the_aws_cli_makes_accounts_and_limits_them(self):
        shown = aws("organizations", "describe-organization")["Organization"]
        self.assertEqual(shown["MasterAccountId"], ACCOUNT)
        self.assertRegex(shown["Id"], "^o-[a-z0-9]{10}$")
        unit = aws(
            "organizations", "create-organizational-unit", "--parent-id", self.root["Id"],
            "--name", name("prod"), "--tags", "Key=a,Value=b",
        )["OrganizationalUnit"]
        self.assertEqual(unit["Path"], f"{shown['Id']}/{self.root['Id']}/{unit['Id']}/")
        made = name("cli")
        status = aws(
            "organizations", "create-account", "--email", f"{made}@example.com",
            "--account-name", made,
        )["CreateAccountStatus"]
        account = aws(
            "organizations", "describe-create-account-status",
            "--create-account-request-id", status["Id"],
        )["CreateAccountStatus"]["AccountId"]
        listed = aws("organizations", "list-accounts")["Accounts"]
        self.assertIn((account, "ACTIVE"), [(one["Id"], one["Status"]) for one in listed])
        aws(
            "organizations", "move-account", "--account-id", account,
            "--source-parent-id", self.root["Id"], "--destination-parent-id", unit["Id"],
        )
        administrator = self.administrator(account)
        key = aws("kms", "create-key", key=administrator)["KeyMetadata"]["Arn"]
        self.encrypts(administrator, key)
        policy = aws(
            "organizations", "create-policy", "--type", SCP, "--name", name("no-encrypt"),
            "--description", "no encryption", "--content", document("Deny", "kms:Encrypt"),
        )["Policy"]["PolicySummary"]
        aws("organizations", "attach-policy", "--policy-id", policy["Id"], "--target-id", unit["Id"])
        self.denies(administrator, key, "with an explicit deny in a service control policy")
        targets = aws("organizations", "list-targets-for-policy", "--policy-id", policy["Id"])
        self.assertEqual([one["TargetId"] for one in targets["Targets"]], [unit["Id"]])
        aws("organizations", "detach-policy", "--policy-id", policy["Id"], "--target-id", unit["Id"])
        self.encrypts(administrator, key)


    def test_a_profile_of_the_aws_cli_reaches_the_account(self):
        account = self.account()
        _, who, (identity, secret) = self.someone()
        allow(who, "sts:AssumeRole", resource="arn:aws:iam::*:role/OrganizationAccountAccessRole")
        role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "config")
            with open(path, "w") as file:
                file.write(
                    f"[profile admin]\naws_access_key_id = {identity}\n"
                    f"aws_secret_access_key = {secret}\n\n"
                    f"[profile team-a]\nrole_arn = {role}\nsource_profile = admin\n"
                )
            done = subprocess.run(
                ["aws", "--profile", "team-a", "kms", "create-key", "--output", "json"],
                capture_output=True, text=True, env={**os.environ, "AWS_CONFIG_FILE": path},
            )
        self.assertEqual(done.returncode, 0, done.stderr)
        made = json.loads(done.stdout)["KeyMetadata"]
        self.assertEqual(made["AWSAccountId"], account)


class ServiceControl(Organization):
    def test_members_are_bound_and_the_management_account_is_not(self):
        account = self.account()
        administrator = self.administrator(account)
        key = service("kms", administrator).create_key()["KeyMetadata"]["Arn"]
        own = self.kms.create_key()["KeyMetadata"]["Arn"]
        policy = self.policy(SCP, document("Deny", "kms:Encrypt"))
        self.organizations.attach_policy(PolicyId=policy, TargetId=self.root["Id"])
        try:
            self.denies(administrator, key, "with an explicit deny in a service control policy")
            self.encrypts(None, own)
        finally:
            self.organizations.detach_policy(PolicyId=policy, TargetId=self.root["Id"])
        self.encrypts(administrator, key)

    def test_what_no_policy_of_a_level_allows_is_denied(self):
        account = self.account()
        administrator = self.administrator(account)
        key = service("kms", administrator).create_key()["KeyMetadata"]["Arn"]
        policy = self.policy(SCP, document("Allow", "iam:*"))
        self.organizations.attach_policy(PolicyId=policy, TargetId=account)
        self.organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId=account)
        self.denies(administrator, key, "with an explicit deny in a service control policy")
        service("iam", administrator).list_users()
        self.refuses(
            "ConstraintViolationException", self.organizations.detach_policy,
            "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", PolicyId=policy, TargetId=account,
        )


class Simulated(Organization):
    """The simulator of IAM counts the service control policies over the account."""

    def setUp(self):
        self.member = self.account()
        self.iam = service("iam", self.administrator(self.member))
        who = name("user")
        self.source = self.iam.create_user(UserName=who)["User"]["Arn"]
        self.iam.put_user_policy(
            UserName=who, PolicyName="p", PolicyDocument=document("Allow", "kms:*")
        )

    def simulated(self, action="kms:Encrypt", iam=None, source=None, **more):
        return (iam or self.iam).simulate_principal_policy(
            PolicySourceArn=source or self.source, ActionNames=[action], **more
        )["EvaluationResults"][0]

    def decides(self, decision, by_organizations, **more):
        result = self.simulated(**more)
        self.assertEqual(result["EvalDecision"], decision, result)
        detail = {"AllowedByOrganizations": by_organizations}
        self.assertEqual(result.get("OrganizationsDecisionDetail"), detail)
        return result

    def test_what_the_organization_denies_or_does_not_allow_is_told(self):
        self.decides("allowed", True)
        self.decides("implicitDeny", True, action="s3:GetObject")
        policy = self.policy(SCP, document("Deny", "kms:Encrypt"))
        self.organizations.attach_policy(PolicyId=policy, TargetId=self.member)
        result = self.decides("explicitDeny", False)
        self.assertEqual(result["MatchedStatements"], [])
        self.decides("allowed", True, action="kms:Decrypt")
        only_iam = self.policy(SCP, document("Allow", "iam:*"))
        self.organizations.attach_policy(PolicyId=only_iam, TargetId=self.member)
        self.organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId=self.member)
        self.decides("implicitDeny", False, action="kms:Decrypt")

    def test_conditions_of_the_organization_are_asked(self):
        policy = self.policy(SCP, document(
            "Deny", "kms:Encrypt", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
        ))
        self.organizations.attach_policy(PolicyId=policy, TargetId=self.member)
        self.decides("allowed", True)
        region = {"ContextKeyName": "aws:RequestedRegion", "ContextKeyType": "string"}
        self.decides("explicitDeny", False,
                     ContextEntries=[{**region, "ContextKeyValues": ["eu-west-1"]}])
        self.decides("allowed", True,
                     ContextEntries=[{**region, "ContextKeyValues": ["us-east-1"]}])

    def test_policies_of_the_organization_can_be_left_out(self):
        policy = self.policy(SCP, document("Deny", "kms:Encrypt"))
        self.organizations.attach_policy(PolicyId=policy, TargetId=self.member)
        arn = self.organizations.describe_policy(PolicyId=policy)["Policy"]["PolicySummary"]["Arn"]
        self.decides("explicitDeny", False)
        self.decides("allowed", True, PolicyExclusionList=[{"PolicyArn": arn}])
        self.decides("allowed", True, PolicyExclusionList=[{"PolicyArn": arn[:-3] + "*"}])
        self.decides("explicitDeny", False, PolicyExclusionList=[{"PolicyType": "inline"}])
        result = self.simulated(PolicyExclusionList=[{"PolicyType": "scp"}])
        self.assertEqual(result["EvalDecision"], "allowed")
        self.assertNotIn("OrganizationsDecisionDetail", result)

    def test_nothing_limits_the_management_account(self):
        who = name("user")
        iam = service("iam")
        source = iam.create_user(UserName=who)["User"]["Arn"]
        iam.put_user_policy(UserName=who, PolicyName="p", PolicyDocument=document("Allow", "kms:*"))
        policy = self.policy(SCP, document("Deny", "kms:Encrypt"))
        self.organizations.attach_policy(PolicyId=policy, TargetId=ACCOUNT)
        try:
            self.decides("allowed", True, iam=iam, source=source)
        finally:
            self.organizations.detach_policy(PolicyId=policy, TargetId=ACCOUNT)

    def test_long_policies_of_the_organization_count_in_the_bound(self):
        actions = [f"kms:Action{number}" for number in range(900)]
        asked = {"PolicySourceArn": self.source, "ActionNames": actions}
        self.iam.simulate_principal_policy(**asked)
        long = document("Deny", "kms:Encrypt", Condition={
            "StringLike": {"aws:username": ["*a*a*a*b"] * 400}
        })
        policy = self.policy(SCP, long)
        self.organizations.attach_policy(PolicyId=policy, TargetId=self.member)
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            self.iam.simulate_principal_policy(**asked)
        error = caught.exception.response["Error"]
        self.assertEqual(error["Code"], "InvalidInput")
        self.assertIn("too large", error["Message"])
        self.decides("allowed", True)

    def test_the_aws_cli_tells_it(self):
        policy = self.policy(SCP, document("Deny", "kms:Encrypt"))
        self.organizations.attach_policy(PolicyId=policy, TargetId=self.member)
        told = aws(
            "iam", "simulate-principal-policy", "--policy-source-arn", self.source,
            "--action-names", "kms:Encrypt", key=self.administrator(self.member),
        )["EvaluationResults"][0]
        self.assertEqual(told["EvalDecision"], "explicitDeny")
        self.assertEqual(told["OrganizationsDecisionDetail"], {"AllowedByOrganizations": False})


class CrossAccount(Organization):
    def test_the_key_policy_and_the_user_s_own_must_allow(self):
        administrator = self.administrator(self.account())
        arn, who, user_key = self.someone()
        statements = [
            {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*"}
            for principal, action in [
                (service("sts", administrator).get_caller_identity()["Account"], "kms:*"),
                (arn, ["kms:Encrypt", "kms:Decrypt"]),
            ]
        ]
        theirs = service("kms", administrator)
        key = theirs.create_key(
            Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
        )["KeyMetadata"]["Arn"]
        closed = theirs.create_key()["KeyMetadata"]["Arn"]
        self.denies(user_key, key, "because no identity-based policy allows")
        allow(who, "kms:Encrypt", "kms:Decrypt")
        self.encrypts(user_key, key)
        self.denies(user_key, closed, FOREIGN)
        mine = service("kms", user_key)
        sealed = mine.encrypt(KeyId=key, Plaintext=b"theirs")["CiphertextBlob"]
        self.assertEqual(mine.decrypt(CiphertextBlob=sealed)["Plaintext"], b"theirs")
        # By its id alone a key is one of the caller's own account.
        self.refused(
            "NotFoundException", mine.encrypt, KeyId=key.rsplit("/", 1)[1], Plaintext=b"x"
        )

    def test_a_role_of_the_other_account_uses_its_key_and_lists_nothing_else(self):
        other = self.kms.create_key()["KeyMetadata"]["KeyId"]
        administrator = self.administrator(self.account(RoleName="Reach"), role="Reach")
        theirs = service("kms", administrator)
        key = theirs.create_key()["KeyMetadata"]
        listed = [one["KeyId"] for one in theirs.list_keys()["Keys"]]
        self.assertEqual(listed, [key["KeyId"]])
        self.assertNotIn(other, listed)
        self.encrypts(administrator, key["Arn"])
        self.assertNotIn(
            key["KeyId"], [one["KeyId"] for one in self.kms.list_keys(Limit=1000)["Keys"]]
        )
        who = self.user_of(administrator, "kms:*")
        self.encrypts(who, key["Arn"])

    def test_a_resource_control_policy_denies_the_foreign_principal(self):
        account = self.account()
        administrator = self.administrator(account)
        arn, who, user_key = self.someone()
        allow(who, "kms:Encrypt")
        statements = [
            {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"},
            {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "kms:Encrypt", "Resource": "*"},
        ]
        key = service("kms", administrator).create_key(
            Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
        )["KeyMetadata"]["Arn"]
        self.encrypts(user_key, key)
        self.enable_resource_control()
        policy = self.policy(RCP, document(
            "Deny", "kms:*", Principal="*",
            Condition={"StringNotEquals": {"aws:PrincipalAccount": account}},
        ))
        self.organizations.attach_policy(PolicyId=policy, TargetId=account)
        self.denies(user_key, key, FOREIGN)
        self.encrypts(administrator, key)
        self.refuses(
            "InvalidInputException", self.organizations.detach_policy, "NON_DETACHABLE_POLICY",
            PolicyId="p-RCPFullAWSAccess", TargetId=account,
        )

    def test_a_condition_lets_in_whoever_is_of_the_organization(self):
        administrator = self.administrator(self.account())
        account = service("sts", administrator).get_caller_identity()["Account"]
        _, who, user_key = self.someone()
        allow(who, "kms:Encrypt")
        organization = self.organizations.describe_organization()["Organization"]["Id"]

        def key(of):
            return service("kms", administrator).create_key(Policy=json.dumps({
                "Version": "2012-10-17", "Statement": [
                    {
                        "Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*",
                        "Resource": "*",
                    },
                    {
                        "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Encrypt",
                        "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": of}},
                    },
                ],
            }))["KeyMetadata"]["Arn"]

        self.encrypts(user_key, key(organization))
        self.denies(user_key, key("o-0000000000"), FOREIGN)


class Closed(Organization):
    def test_an_account_that_is_closed_is_nobody_s(self):
        account = self.account()
        administrator = self.administrator(account)
        who = self.user_of(administrator, "kms:*")
        service("kms", who).list_keys()
        self.organizations.close_account(AccountId=account)
        shown = self.organizations.describe_account(AccountId=account)["Account"]
        self.assertEqual((shown["Status"], shown["State"]), ("SUSPENDED", "CLOSED"))
        for key in (who, administrator):
            self.refused("UnrecognizedClientException", service("kms", key).list_keys)
        with self.assertRaises(botocore.exceptions.ClientError):
            self.administrator(account)
        self.refuses(
            "AccountAlreadyClosedException", self.organizations.close_account, AccountId=account
        )
        self.refuses(
            "ConstraintViolationException", self.organizations.close_account,
            "CANNOT_CLOSE_MANAGEMENT_ACCOUNT", AccountId=ACCOUNT,
        )
        self.refuses(
            "ConstraintViolationException", self.organizations.remove_account_from_organization,
            "ACCOUNT_CANNOT_LEAVE_WITHOUT_EULA", AccountId=account,
        )
        self.refuses("OrganizationNotEmptyException", self.organizations.delete_organization)


class Administration(Organization):
    def unit(self, parent=None, **more):
        made = self.organizations.create_organizational_unit(
            ParentId=parent or self.root["Id"], Name=name("ou"), **more
        )
        return made["OrganizationalUnit"]

    def test_units_are_made_renamed_listed_and_deleted(self):
        unit = self.unit()
        below = self.unit(unit["Id"])
        listed = self.organizations.list_organizational_units_for_parent(ParentId=unit["Id"])
        self.assertEqual([one["Id"] for one in listed["OrganizationalUnits"]], [below["Id"]])
        parents = self.organizations.list_parents(ChildId=below["Id"])["Parents"]
        self.assertEqual(parents, [{"Id": unit["Id"], "Type": "ORGANIZATIONAL_UNIT"}])
        children = self.organizations.list_children(
            ParentId=unit["Id"], ChildType="ORGANIZATIONAL_UNIT"
        )["Children"]
        self.assertEqual(children, [{"Id": below["Id"], "Type": "ORGANIZATIONAL_UNIT"}])
        other = name("ou")
        self.organizations.update_organizational_unit(OrganizationalUnitId=unit["Id"], Name=other)
        described = self.organizations.describe_organizational_unit(OrganizationalUnitId=unit["Id"])
        self.assertEqual(described["OrganizationalUnit"]["Name"], other)
        delete = self.organizations.delete_organizational_unit
        self.refuses("OrganizationalUnitNotEmptyException", delete, OrganizationalUnitId=unit["Id"])
        delete(OrganizationalUnitId=below["Id"])
        delete(OrganizationalUnitId=unit["Id"])
        self.refuses("OrganizationalUnitNotFoundException", delete, OrganizationalUnitId=unit["Id"])
        self.refuses(
            "DuplicateOrganizationalUnitException", self.organizations.create_organizational_unit,
            ParentId=self.root["Id"], Name=self.unit()["Name"],
        )

    def test_accounts_are_moved_listed_and_paged(self):
        unit = self.unit()
        accounts = sorted(self.account() for _ in range(3))
        for account in accounts:
            self.organizations.move_account(
                AccountId=account, SourceParentId=self.root["Id"], DestinationParentId=unit["Id"]
            )
        pages = self.organizations.get_paginator("list_accounts_for_parent")
        found = [
            [one["Id"] for one in page["Accounts"]]
            for page in pages.paginate(ParentId=unit["Id"], PaginationConfig={"PageSize": 2})
        ]
        self.assertEqual(found, [accounts[:2], accounts[2:]])
        move = self.organizations.move_account
        self.refuses(
            "SourceParentNotFoundException", move, AccountId=accounts[0],
            SourceParentId=self.root["Id"], DestinationParentId=unit["Id"],
        )
        self.refuses(
            "DuplicateAccountException", move, AccountId=accounts[0],
            SourceParentId=unit["Id"], DestinationParentId=unit["Id"],
        )
        self.refuses(
            "DestinationParentNotFoundException", move, AccountId=accounts[0],
            SourceParentId=unit["Id"], DestinationParentId="r-zzzz9",
        )
        self.refuses(
            "AccountNotFoundException", self.organizations.describe_account,
            AccountId="000000000000",
        )
        self.refuses(
            "InvalidInputException", self.organizations.list_accounts, "INVALID_NEXT_TOKEN",
            NextToken="none",
        )
        self.refuses(
            "InvalidInputException", self.organizations.list_accounts, "MAX_VALUE_EXCEEDED",
            MaxResults=21,
        )

    def test_policies_are_made_changed_listed_and_deleted(self):
        policy = self.policy(SCP, document("Deny", "kms:Encrypt"))
        described = self.organizations.describe_policy(PolicyId=policy)["Policy"]
        self.assertRegex(
            described["PolicySummary"]["Arn"],
            f"^arn:aws:organizations::{ACCOUNT}:policy/o-[a-z0-9]*/service_control_policy/{policy}$",
        )
        other = document("Deny", "kms:Decrypt")
        changed = self.organizations.update_policy(PolicyId=policy, Content=other)["Policy"]
        self.assertEqual(changed["Content"], other)
        listed = self.organizations.list_policies(Filter=SCP)["Policies"]
        managed = {one["Id"]: one["AwsManaged"] for one in listed}
        self.assertEqual((managed[policy], managed["p-FullAWSAccess"]), (False, True))
        unit = self.unit()
        self.organizations.attach_policy(PolicyId=policy, TargetId=unit["Id"])
        attached = self.organizations.list_policies_for_target(TargetId=unit["Id"], Filter=SCP)
        attached = {one["Id"] for one in attached["Policies"]}
        self.assertEqual(attached, {policy, "p-FullAWSAccess"})
        delete = self.organizations.delete_policy
        self.refuses("PolicyInUseException", delete, PolicyId=policy)
        self.refuses(
            "DuplicatePolicyAttachmentException", self.organizations.attach_policy,
            PolicyId=policy, TargetId=unit["Id"],
        )
        self.organizations.detach_policy(PolicyId=policy, TargetId=unit["Id"])
        self.refuses(
            "PolicyNotAttachedException", self.organizations.detach_policy,
            PolicyId=policy, TargetId=unit["Id"],
        )
        delete(PolicyId=policy)
        self.refuses("PolicyNotFoundException", delete, PolicyId=policy)
        self.refuses(
            "InvalidInputException", delete, "IMMUTABLE_POLICY", PolicyId="p-FullAWSAccess"
        )
        self.refuses(
            "TargetNotFoundException", self.organizations.attach_policy,
            PolicyId="p-FullAWSAccess", TargetId="r-zzzz9",
        )

    def test_what_is_no_policy_is_refused(self):
        create = self.organizations.create_policy
        parts = {"Name": name("p"), "Description": "", "Type": SCP}
        for content in ("", "{}", document("Deny", "kms:*", Principal="*")):
            code, reason = (
                ("MalformedPolicyDocumentException", None)
                if content else ("InvalidInputException", "MIN_LENGTH_EXCEEDED")
            )
            self.refuses(code, create, reason, Content=content, **parts)
        self.refuses(
            "ConstraintViolationException", create, "POLICY_CONTENT_LIMIT_EXCEEDED",
            Content=document("Deny", "kms:" + "a" * 5200), **parts,
        )
        self.refuses(
            "PolicyTypeNotAvailableForOrganizationException", create,
            **{**parts, "Type": "TAG_POLICY"}, Content="{}",
        )
        self.refuses(
            "EffectivePolicyNotFoundException", self.organizations.describe_effective_policy,
            PolicyType="TAG_POLICY",
        )

    def test_tags_are_put_listed_and_taken_and_conditions_know_them(self):
        unit = self.unit(Tags=[{"Key": "team", "Value": "a"}])
        tag, listed = self.organizations.tag_resource, self.organizations.list_tags_for_resource
        tag(ResourceId=unit["Id"], Tags=[{"Key": "more", "Value": ""}])
        tags = listed(ResourceId=unit["Id"])["Tags"]
        self.assertEqual(tags, [{"Key": "more", "Value": ""}, {"Key": "team", "Value": "a"}])
        self.organizations.untag_resource(ResourceId=unit["Id"], TagKeys=["more"])
        self.assertEqual(len(listed(ResourceId=unit["Id"])["Tags"]), 1)
        twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
        self.refuses(
            "InvalidInputException", tag, "DUPLICATE_TAG_KEY", ResourceId=unit["Id"], Tags=twice
        )
        self.refuses(
            "InvalidInputException", tag, "INVALID_SYSTEM_TAGS_PARAMETER", ResourceId=unit["Id"],
            Tags=[{"Key": "aws:a", "Value": "1"}],
        )
        many = [{"Key": str(number), "Value": ""} for number in range(50)]
        self.refuses(
            "ConstraintViolationException", tag, "MAX_TAG_LIMIT_EXCEEDED", ResourceId=unit["Id"],
            Tags=many,
        )
        self.refuses("TargetNotFoundException", tag, ResourceId="r-zzzz9", Tags=twice[:1])
        _, who, key = self.someone()
        allow(
            who, "organizations:UpdateOrganizationalUnit",
            Condition={"StringEquals": {"aws:ResourceTag/team": "a"}},
        )
        update = client(key).update_organizational_unit
        update(OrganizationalUnitId=unit["Id"], Name=name("ou"))
        self.refuses(
            "AccessDeniedException", update, OrganizationalUnitId=self.unit()["Id"], Name=name("ou")
        )

    def test_only_the_management_account_may_and_only_as_its_policies_say(self):
        administrator = self.administrator(self.account())
        theirs = client(administrator)
        self.assertEqual(
            theirs.describe_organization()["Organization"]["MasterAccountId"], ACCOUNT
        )
        for call in (theirs.list_accounts, theirs.list_roots):
            self.refuses("AccessDeniedException", call)
        self.refuses(
            "ConstraintViolationException", theirs.leave_organization,
            "ACCOUNT_CANNOT_LEAVE_WITHOUT_EULA",
        )
        _, who, key = self.someone()
        self.refuses("AccessDeniedException", client(key).list_accounts)
        allow(who, "organizations:ListAccounts")
        client(key).list_accounts()
        allow(
            who, "organizations:CreatePolicy",
            Condition={"StringEquals": {"organizations:PolicyType": RCP}},
        )
        parts = {"Name": name("p"), "Description": "", "Content": document("Deny", "kms:*")}
        self.refuses("AccessDeniedException", client(key).create_policy, Type=SCP, **parts)

    def test_there_are_no_trusted_services_and_no_delegated_administrators(self):
        listed = self.organizations.list_aws_service_access_for_organization()
        self.assertEqual(listed["EnabledServicePrincipals"], [])
        listed = self.organizations.list_delegated_administrators()
        self.assertEqual(listed["DelegatedAdministrators"], [])

    def test_types_of_policies_are_enabled_and_disabled(self):
        self.enable_resource_control()
        types = self.organizations.list_roots()["Roots"][0]["PolicyTypes"]
        self.assertEqual({one["Type"] for one in types}, {SCP, RCP})
        enable, disable = self.organizations.enable_policy_type, self.organizations.disable_policy_type
        root = {"RootId": self.root["Id"], "PolicyType": RCP}
        self.refuses("PolicyTypeAlreadyEnabledException", enable, **root)
        self.refuses("RootNotFoundException", enable, RootId="r-zzzz9", PolicyType=RCP)
        disable(**root)
        self.refuses("PolicyTypeNotEnabledException", disable, **root)
        attached = self.organizations.list_policies_for_target(TargetId=self.root["Id"], Filter=RCP)
        self.assertEqual(attached["Policies"], [])


# Everything that `docs/operations/organizations.md` lists.
OPERATIONS = """
AttachPolicy CloseAccount CreateAccount CreateOrganization CreateOrganizationalUnit CreatePolicy
DeleteOrganization DeleteOrganizationalUnit DeletePolicy DescribeAccount
DescribeCreateAccountStatus DescribeEffectivePolicy DescribeOrganization
DescribeOrganizationalUnit DescribePolicy DetachPolicy DisablePolicyType EnablePolicyType
LeaveOrganization ListAWSServiceAccessForOrganization ListAccounts ListAccountsForParent
ListChildren ListCreateAccountStatus ListDelegatedAdministrators
ListOrganizationalUnitsForParent ListParents ListPolicies ListPoliciesForTarget ListRoots
ListTagsForResource ListTargetsForPolicy MoveAccount RemoveAccountFromOrganization TagResource
UntagResource UpdateOrganizationalUnit UpdatePolicy
""".split()


class Contract(Organization):
    """What AWS's own model says of the operations."""

    def call(self, operation):
        return getattr(self.organizations, botocore.xform_name(operation))

    def test_what_is_required_is_asked_for(self):
        for operation in OPERATIONS:
            shape = self.organizations.meta.service_model.operation_model(operation).input_shape
            for missing in shape.required_members if shape else []:
                with self.subTest(f"{operation} {missing}"):
                    parameters = {
                        member: self.value(shape.members[member])
                        for member in shape.required_members if member != missing
                    }
                    self.refuses(
                        "InvalidInputException", self.call(operation), "INPUT_REQUIRED", **parameters
                    )

    VALUES = {
        "AccountId": "000000000000", "AccountName": "x", "ParentId": "r-zzzz9", "RootId": "r-zzzz9",
        "OrganizationalUnitId": "ou-zzzz9-00000000", "PolicyId": "p-0000000000", "Email": "a@b.example",
        "PolicyTargetId": "r-zzzz9", "PolicyType": SCP, "EffectivePolicyType": "TAG_POLICY",
        "ChildId": "ou-zzzz9-00000000", "ChildType": "ACCOUNT", "TaggableResourceId": "r-zzzz9",
        "CreateAccountRequestId": "car-00000000",
    }

    def value(self, shape):
        if shape.type_name == "list":
            return []
        return self.VALUES.get(shape.name, "x")

    def test_what_is_too_long_is_refused(self):
        for operation in OPERATIONS:
            shape = self.organizations.meta.service_model.operation_model(operation).input_shape
            for member, of in (shape.members if shape else {}).items():
                if of.type_name != "string":
                    continue
                with self.subTest(f"{operation} {member}"):
                    parameters = {one: self.value(shape.members[one]) for one in shape.required_members}
                    parameters[member] = "x" * 131_073
                    with self.assertRaises(botocore.exceptions.ClientError) as caught:
                        self.call(operation)(**parameters)
                    self.assertEqual(
                        caught.exception.response["Error"]["Code"], "InvalidInputException"
                    )

    def test_operations_that_are_not_here_say_so(self):
        others = set(self.organizations.meta.service_model.operation_names) - set(OPERATIONS)
        self.assertIn("InviteAccountToOrganization", others)
        for operation in sorted(others):
            with self.subTest(operation):
                self.refuses("UnsupportedAPIEndpointException", self.call(operation))

    def test_nobody_is_answered_who_does_not_sign_or_is_not_known(self):
        _, key = user()
        wrong = (key[0], "x" * 40)
        self.refuses("InvalidSignatureException", client(wrong).list_roots)
        self.refuses("UnrecognizedClientException", client(("AKIA" + "A" * 16, "x" * 40)).list_roots)


if __name__ == "__main__":
    unittest.main()
