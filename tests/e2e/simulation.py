"""Why something is denied, by AWS's own tools: the simulator of IAM through the unmodified boto3 and
AWS CLI, `sts get-access-key-info` and `sts decode-authorization-message`."""

import base64
import json
import unittest

from principals import ENCRYPT, TRUST, Principals, aws, document, iam_client, name
from sts_support import key_of, service
from support import ABSENT, ACCOUNT, REGION, client, policy, statement

DENY = {"Effect": "Deny", "Action": "kms:*", "Resource": "*"}
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{ABSENT}"
TEMPLATE = "arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}"


def when(key, *values, operator="StringEquals", action="kms:Decrypt"):
    return {"Effect": "Allow", "Action": action, "Resource": "*",
            "Condition": {operator: {key: list(values)}}}


def entry(key, *values, kind="string"):
    return {"ContextKeyName": key, "ContextKeyValues": list(values), "ContextKeyType": kind}


class Simulations(Principals):
    def custom(self, *statements, actions=("kms:Decrypt",), **more):
        more.setdefault("PolicyInputList", [document(*statements)] if statements else [])
        return self.iam.simulate_custom_policy(ActionNames=list(actions), **more)["EvaluationResults"]

    def one(self, *statements, **more):
        results = self.custom(*statements, **more)
        self.assertEqual(len(results), 1)
        return results[0]

    def decision(self, *statements, **more):
        return self.one(*statements, **more)["EvalDecision"]


class Custom(Simulations):
    def test_policies_allow_deny_or_say_nothing(self):
        self.assertEqual(self.decision(ENCRYPT), "implicitDeny")
        self.assertEqual(self.decision(ENCRYPT, actions=["kms:Encrypt"]), "allowed")
        self.assertEqual(self.decision(ENCRYPT, DENY, actions=["KMS:encrypt"]), "explicitDeny")
        results = self.custom(ENCRYPT, actions=["kms:Encrypt", "kms:Decrypt", "s3:GetObject"])
        self.assertEqual([one["EvalActionName"] for one in results],
                         ["kms:Encrypt", "kms:Decrypt", "s3:GetObject"])
        self.assertEqual([one["EvalDecision"] for one in results], ["allowed", *["implicitDeny"] * 2])
        self.assertEqual({one["EvalResourceName"] for one in results}, {"*"})
        self.assertNotIn("ResourceSpecificResults", results[0])
        self.assertNotIn("EvalDecisionDetails", results[0])

    def test_statements_are_told_by_their_places(self):
        """The policy and the places of the AWS CLI's own example."""
        text = ('{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",'
                '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}')
        when_asked = {"PolicyInputList": [document(ENCRYPT), text], "actions": ["dynamodb:CreateBackup"]}
        now = entry("aws:CurrentTime", "2019-04-25T11:00:00Z", kind="date")
        result = self.one(**when_asked, ContextEntries=[now])
        self.assertEqual(result["EvalDecision"], "allowed")
        self.assertEqual(result["MatchedStatements"], [{
            "SourcePolicyId": "PolicyInputList.2", "SourcePolicyType": "IAM Policy",
            "StartPosition": {"Line": 1, "Column": 38}, "EndPosition": {"Line": 1, "Column": 167}}])
        self.assertEqual(result["MissingContextValues"], [])
        result = self.one(**when_asked)
        self.assertEqual(result["EvalDecision"], "implicitDeny")
        self.assertEqual(result["MissingContextValues"], ["aws:CurrentTime"])
        self.assertEqual(result["MatchedStatements"], [])

    def test_a_deny_is_told_alone_and_every_allow_is_told(self):
        indented = json.dumps(json.loads(document(ENCRYPT, ENCRYPT)), indent=2)
        matched = self.one(PolicyInputList=[indented], actions=["kms:Encrypt"])["MatchedStatements"]
        self.assertEqual([one["StartPosition"]["Line"] for one in matched], [3, 8])
        self.assertEqual(matched[0]["StartPosition"], {"Line": 3, "Column": 17})
        self.assertEqual(matched[0]["EndPosition"], matched[1]["StartPosition"])
        matched = self.one(ENCRYPT, DENY, actions=["kms:Encrypt"])["MatchedStatements"]
        self.assertEqual(len(matched), 1)

    def test_each_resource_is_told_and_the_strictest_stands_for_all(self):
        other = KEY.replace("0000-4000", "1111-4000")
        mine = {"Effect": "Allow", "Action": "kms:*", "Resource": KEY}
        alias = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/a"
        results = self.custom(mine, actions=["kms:CreateAlias"], ResourceArns=[KEY, alias, other])
        self.assertEqual([one["EvalResourceName"] for one in results],
                         [TEMPLATE, "arn:${Partition}:kms:${Region}:${Account}:alias/${Alias}"])
        keys = results[0]
        self.assertEqual((keys["EvalDecision"], keys["EvalDecisionDetails"]), ("implicitDeny", {}))
        self.assertEqual([(one["EvalResourceName"], one["EvalResourceDecision"])
                          for one in keys["ResourceSpecificResults"]],
                         [(KEY, "allowed"), (other, "implicitDeny")])
        self.assertEqual(len(keys["ResourceSpecificResults"][0]["MatchedStatements"]), 1)
        self.assertEqual(keys["MatchedStatements"], [])

    def test_values_of_every_type_are_compared(self):
        for operator, kind, wanted, given, other in [
            ("StringLike", "string", "a*", "abc", "b"),
            ("NumericLessThan", "numeric", "5", "4.5", "6"),
            ("Bool", "boolean", "true", "TRUE", "false"),
            ("IpAddress", "ip", "192.0.2.0/24", "192.0.2.9", "198.51.100.1"),
            ("BinaryEquals", "binary", "aGk=", "aGk=", "aG8="),
            ("DateLessThan", "date", "2026-01-01T00:00:00Z", "2025-12-31T00:00:00Z", "2026-02-01T00:00:00Z"),
        ]:
            rule = when("x:Key", wanted, operator=operator)
            for value, decision in [(given, "allowed"), (other, "implicitDeny")]:
                with self.subTest(operator, value=value):
                    values = [entry("X:key", value, kind=kind)]
                    self.assertEqual(self.decision(rule, ContextEntries=values), decision)
            every = when("x:Key", wanted, operator=f"ForAnyValue:{operator}")
            values = [entry("x:Key", other, given, kind=f"{kind}List")]
            self.assertEqual(self.decision(every, ContextEntries=values), "allowed")
            self.assertEqual(self.decision(rule, ContextEntries=values), "implicitDeny")
            if kind != "string":
                self.denies("InvalidInput", 400, self.custom, ContextEntries=[entry("x:Key", "?", kind=kind)])

    def test_the_boundary_and_the_organization_limit(self):
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        bounded = {"PermissionsBoundaryPolicyInputList": [document(ENCRYPT)]}
        result = self.one(everything, **bounded)
        self.assertEqual(result["EvalDecision"], "implicitDeny")
        self.assertEqual(result["PermissionsBoundaryDecisionDetail"], {"AllowedByPermissionsBoundary": False})
        result = self.one(everything, actions=["kms:Encrypt"], **bounded)
        self.assertEqual(result["EvalDecision"], "allowed")
        self.assertEqual(result["PermissionsBoundaryDecisionDetail"], {"AllowedByPermissionsBoundary": True})

        def levels(*documents):
            return {"OrderedOrganizationPolicyInputList": [
                {"ServiceControlPolicyInputList": list(texts)} for texts in documents]}

        full = document(everything)
        result = self.one(everything, **levels([full], [full, document(ENCRYPT)]))
        self.assertEqual(result["EvalDecision"], "allowed")
        self.assertEqual(result["OrganizationsDecisionDetail"], {"AllowedByOrganizations": True})
        result = self.one(everything, **levels([full], [document(ENCRYPT)]))
        self.assertEqual(result["EvalDecision"], "implicitDeny")
        self.assertEqual(result["OrganizationsDecisionDetail"], {"AllowedByOrganizations": False})
        result = self.one(everything, **levels([full, document(DENY)]))
        self.assertEqual((result["EvalDecision"], result["MatchedStatements"]), ("explicitDeny", []))
        self.denies("InvalidInput", 400, self.custom, **levels(*[[full]] * 8))

    def test_the_policy_of_a_key_counts_where_it_is_given(self):
        alice = f"arn:aws:iam::{ACCOUNT}:user/alice"
        given = {"ResourceArns": [KEY], "CallerArn": alice}
        direct = policy(statement(alice, "Decrypt"))
        result = self.one(ENCRYPT, ResourcePolicy=direct, **given)
        self.assertEqual(result["EvalDecision"], "allowed")
        matched = result["MatchedStatements"][0]
        self.assertEqual((matched["SourcePolicyId"], matched["SourcePolicyType"]),
                         ("ResourcePolicy", "Resource Policy"))
        # The account is named, and identity policies decide.
        self.assertEqual(self.decision(ENCRYPT, ResourcePolicy=policy(), **given), "implicitDeny")
        mine = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
        self.assertEqual(len(self.one(mine, ResourcePolicy=policy(), **given)["MatchedStatements"]), 2)
        # An identity policy alone does not suffice for a key.
        closed = json.dumps({"Version": "2012-10-17", "Statement": [statement(alice, "Encrypt")]})
        self.assertEqual(self.decision(mine, ResourcePolicy=closed, **given), "implicitDeny")
        self.assertEqual(self.decision(mine, **given), "allowed")
        role = {"ResourceArns": [KEY], "CallerArn": f"arn:aws:iam::{ACCOUNT}:role/x/app"}
        of_role = policy(statement(role["CallerArn"], "Decrypt"))
        self.assertEqual(self.decision(ENCRYPT, ResourcePolicy=of_role, **role), "allowed")

    def test_of_another_account_both_sides_are_told(self):
        mine = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
        alice = "arn:aws:iam::444455556666:user/alice"
        shared = policy(statement("arn:aws:iam::444455556666:root", "Decrypt"))
        given = {"ResourceArns": [KEY], "CallerArn": alice, "ResourcePolicy": shared,
                 "ResourceOwner": f"arn:aws:iam::{ACCOUNT}:root"}
        result = self.one(mine, **given)
        details = {"IAM Policy": "allowed", "Resource Policy": "allowed"}
        self.assertEqual((result["EvalDecision"], result["EvalDecisionDetails"]), ("allowed", details))
        self.assertEqual(result["ResourceSpecificResults"][0]["EvalDecisionDetails"], details)
        result = self.one(ENCRYPT, **given)
        self.assertEqual(result["EvalDecision"], "implicitDeny")
        self.assertEqual(result["EvalDecisionDetails"]["IAM Policy"], "implicitDeny")

    def test_results_come_in_pages(self):
        actions = [f"kms:Action{number}" for number in range(5)]
        pages = self.iam.get_paginator("simulate_custom_policy").paginate(
            PolicyInputList=[document(ENCRYPT)], ActionNames=actions, PaginationConfig={"PageSize": 2})
        pages = [[one["EvalActionName"] for one in page["EvaluationResults"]] for page in pages]
        self.assertEqual(pages, [actions[:2], actions[2:4], actions[4:]])
        self.denies("ValidationError", 400, self.custom, MaxItems=0)

    def test_what_cannot_be_simulated_is_refused(self):
        bucket = "arn:aws:s3:::bucket"
        for words, given in [
            ("Syntax errors", {"PolicyInputList": ["{}"]}),
            ("Invalid Action Name", {"actions": ["kms:*"]}),
            ("Invalid Action Name", {"actions": ["Decrypt"]}),
            ("ResourceNames are not in a valid ARN format", {"ResourceArns": [ABSENT]}),
            ("applicable", {"ResourcePolicy": policy(), "CallerArn": f"arn:aws:iam::{ACCOUNT}:user/a"}),
            ("applicable", {"ResourcePolicy": policy(), "ResourceArns": [KEY, bucket],
                            "CallerArn": f"arn:aws:iam::{ACCOUNT}:user/a"}),
            ("CallerArn", {"ResourcePolicy": policy(), "ResourceArns": [KEY]}),
            ("Invalid Entity Arn", {"CallerArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/a/b"}),
            ("is not a valid as a Resource Owner", {"ResourceOwner": "me"}),
            ("another account", {"ResourceOwner": "444455556666", "ResourceArns": [bucket]}),
            ("Invalid Resource Handling Option", {"ResourceHandlingOption": "EC2-VPC-EBS"}),
            ("Invalid context key name", {"ContextEntries": [entry("nothing", "x")]}),
            ("Duplicate context key", {"ContextEntries": [entry("a:b", "x"), entry("A:B", "x")]}),
            ("more than one value", {"ContextEntries": [entry("a:b", "x", "y")]}),
            ("Only one permissions boundary", {"PermissionsBoundaryPolicyInputList": [document(ENCRYPT)] * 2}),
        ]:
            with self.subTest(words):
                given.setdefault("PolicyInputList", [document(ENCRYPT)])
                self.denies("InvalidInput", 400, self.custom, contains=words, **given)
        self.denies("ValidationError", 400, self.custom, ContextEntries=[entry("a:b", "x", kind="text")])

    def test_the_work_of_one_request_is_bounded(self):
        many = [f"kms:Action{number}" for number in range(1001)]
        self.denies("InvalidInput", 400, self.custom, contains="combinations", actions=many,
                    PolicyInputList=[document(ENCRYPT)])
        long = document(*[when("x:Key", *["*a*a*a*b"] * 90, operator="StringLike")] * 8)
        values = [entry("x:Key", "a" * 20_000)]
        self.denies("InvalidInput", 400, self.custom, contains="too large", actions=many[:900],
                    PolicyInputList=[long], ContextEntries=values)
        self.denies("InvalidInput", 400, self.custom, contains="too large", PolicyInputList=[long], ContextEntries=values)
        values = [entry("x:Key", "a" * 8192)]
        self.assertEqual(self.decision(PolicyInputList=[long], ContextEntries=values), "implicitDeny")
        # What a variable stands for counts, in the documents and in what an entity has.
        grown = document(when("x:Key", "${x:Key}" * 1000, operator="StringLike"))
        self.denies("InvalidInput", 400, self.custom, contains="too large", PolicyInputList=[grown],
                    actions=many[:100], ContextEntries=values)


class OfPrincipals(Simulations):
    def simulated(self, source, action="kms:Encrypt", iam=None, **more):
        call = (iam or self.iam).simulate_principal_policy
        results = call(PolicySourceArn=source, ActionNames=[action], **more)["EvaluationResults"]
        self.assertEqual(len(results), 1)
        return results[0]

    def arn(self, kind, who):
        return f"arn:aws:iam::{ACCOUNT}:{kind}/{who}"

    def test_a_user_has_its_policies_and_those_of_its_groups(self):
        who, _ = self.user()
        source, group = self.arn("user", who), name("group")
        self.assertEqual(self.simulated(source)["EvalDecision"], "implicitDeny")
        self.iam.put_user_policy(UserName=who, PolicyName="own", PolicyDocument=document(ENCRYPT))
        result = self.simulated(source)
        self.assertEqual(result["EvalDecision"], "allowed")
        ids = [one["SourcePolicyId"] for one in result["MatchedStatements"]]
        self.assertEqual(ids, [f"user_{who}_own"])
        managed = self.policy(ENCRYPT)
        self.iam.attach_user_policy(UserName=who, PolicyArn=managed)
        self.iam.create_group(GroupName=group)
        self.iam.add_user_to_group(GroupName=group, UserName=who)
        self.iam.put_group_policy(GroupName=group, PolicyName="of-all", PolicyDocument=document(ENCRYPT))
        ids = [one["SourcePolicyId"] for one in self.simulated(source)["MatchedStatements"]]
        self.assertEqual(ids, [f"user_{who}_own", managed.rsplit("/", 1)[1], f"group_{group}_of-all"])
        self.assertEqual(self.simulated(self.arn("group", group))["EvalDecision"], "allowed")
        more = self.simulated(source, PolicyInputList=[document(DENY)])
        self.assertEqual(more["EvalDecision"], "explicitDeny")
        self.assertEqual(more["MatchedStatements"][0]["SourcePolicyId"], "PolicyInputList.1")
        bound = self.policy(when("aws:username", who))
        self.iam.put_user_permissions_boundary(UserName=who, PermissionsBoundary=bound)
        result = self.simulated(source)
        self.assertEqual(result["PermissionsBoundaryDecisionDetail"], {"AllowedByPermissionsBoundary": False})
        self.assertEqual(result["EvalDecision"], "implicitDeny")
        other = self.simulated(source, PermissionsBoundaryPolicyInputList=[document(ENCRYPT)])
        self.assertEqual(other["EvalDecision"], "allowed")
        without = [{"PolicyType": "permission-boundary"}]
        self.assertEqual(self.simulated(source, PolicyExclusionList=without)["EvalDecision"], "allowed")

    def test_policies_can_be_left_out(self):
        who, _ = self.user()
        source = self.arn("user", who)
        managed = self.policy(ENCRYPT)
        self.iam.attach_user_policy(UserName=who, PolicyArn=managed)
        self.iam.put_user_policy(UserName=who, PolicyName="own", PolicyDocument=document(ENCRYPT))
        inline = {"InlinePolicyIdentifier": {
            "PolicyName": "own", "AttachmentType": "user", "AttachmentName": "user-*"}}
        for exclusions, left in [
            ([{"PolicyType": "inline"}], [managed.rsplit("/", 1)[1]]),
            ([inline], [managed.rsplit("/", 1)[1]]),
            ([{"PolicyType": "user-managed"}], [f"user_{who}_own"]),
            ([{"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/policy-*"}], [f"user_{who}_own"]),
            ([inline, {"PolicyArn": managed}], []),
        ]:
            with self.subTest(exclusions):
                result = self.simulated(source, PolicyExclusionList=exclusions)
                self.assertEqual([one["SourcePolicyId"] for one in result["MatchedStatements"]], left)
        for wrong in [{"PolicyType": "inline", "PolicyArn": managed}, {"PolicyArn": "**"}]:
            self.denies("InvalidInput", 400, self.simulated, source=source, PolicyExclusionList=[wrong])
        self.denies("ValidationError", 400, self.simulated, source=source,
                    PolicyExclusionList=[{"PolicyType": "all"}])

    def test_a_role_is_simulated_and_told_as_the_caller(self):
        role = name("role")
        self.iam.create_role(RoleName=role, Path="/x/", AssumeRolePolicyDocument=TRUST)
        source = self.arn("role", f"x/{role}")
        self.iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document(ENCRYPT))
        result = self.simulated(source)
        self.assertEqual(result["MatchedStatements"][0]["SourcePolicyId"], f"role_{role}_p")
        of_role = policy(statement(source, "Decrypt"))
        given = {"action": "kms:Decrypt", "ResourceArns": [KEY], "ResourcePolicy": of_role}
        self.assertEqual(self.simulated(source, **given)["EvalDecision"], "allowed")
        other = self.simulated(source, CallerArn=self.arn("user", "bob"), **given)
        self.assertEqual(other["EvalDecision"], "implicitDeny")
        self.denies("NoSuchEntity", 404, self.simulated, source=self.arn("role", role))

    def test_the_simulator_agrees_with_what_keys_then_do(self):
        """A key that leaves it to its account: the simulator needs no policy of it."""
        who, access = self.user()
        arn = self.kms.create_key()["KeyMetadata"]["Arn"]
        source, mine = self.arn("user", who), client(access)
        rule = when("kms:EncryptionContext:app", "mail", action="kms:Encrypt")
        self.iam.put_user_policy(UserName=who, PolicyName="p", PolicyDocument=document(rule))
        given = {"source": source, "ResourceArns": [arn]}
        result = self.simulated(**given)
        self.assertEqual(result["EvalDecision"], "implicitDeny")
        self.assertEqual(result["MissingContextValues"], ["kms:EncryptionContext:app"])
        context = [entry("kms:EncryptionContext:app", "mail")]
        self.assertEqual(self.simulated(**given, ContextEntries=context)["EvalDecision"], "allowed")
        mine.encrypt(KeyId=arn, Plaintext=b"x", EncryptionContext={"app": "mail"})
        self.refused("AccessDeniedException", mine.encrypt, KeyId=arn, Plaintext=b"x")

    def test_nobody_simulates_without_permission(self):
        who, access = self.user()
        iam, source = iam_client(access), self.arn("user", who)
        custom = {"PolicyInputList": [document(ENCRYPT)]}
        asked = {"ActionNames": ["kms:Encrypt"]}
        calls = [
            ("SimulateCustomPolicy", iam.simulate_custom_policy, custom | asked),
            ("SimulatePrincipalPolicy", iam.simulate_principal_policy, {"PolicySourceArn": source} | asked),
            ("GetContextKeysForCustomPolicy", iam.get_context_keys_for_custom_policy, custom),
            ("GetContextKeysForPrincipalPolicy", iam.get_context_keys_for_principal_policy,
             {"PolicySourceArn": source}),
        ]
        for action, call, given in calls:
            with self.subTest(action):
                self.denies("AccessDenied", 403, call, contains=f"iam:{action}", **given)
                own = {"Effect": "Allow", "Action": f"iam:{action}",
                       "Resource": source if "Principal" in action else "*"}
                self.iam.put_user_policy(UserName=who, PolicyName="p", PolicyDocument=document(own))
                call(**given)
        root = self.arn("user", self.user()[0])
        self.denies("AccessDenied", 403, iam.get_context_keys_for_principal_policy, PolicySourceArn=root)

    def test_who_is_not_there_is_not_simulated(self):
        for kind in ["user", "group", "role"]:
            self.denies("NoSuchEntity", 404, self.simulated, source=self.arn(kind, "nobody"))
        for wrong in [f"arn:aws:sts::{ACCOUNT}:assumed-role/a/b", f"arn:aws:iam::{ACCOUNT}:root",
                      f"arn:aws:iam::{ACCOUNT}:policy/aaaaa"]:
            self.denies("InvalidInput", 400, self.simulated, source=wrong, contains="Invalid Entity Arn")
        self.denies("NoSuchEntity", 404, self.simulated, source="arn:aws:iam::444455556666:user/nobody")


class ContextKeys(Principals):
    def test_the_keys_of_conditions_and_variables_are_told_once(self):
        rule = when("aws:CurrentTime", "2015-08-16T12:00:00Z", operator="DateGreaterThan")
        rule["Resource"] = "arn:aws:dynamodb:us-west-2:123456789012:table/${aws:username}"
        given = [document(rule), document(when("AWS:UserName", "x"))]
        told = self.iam.get_context_keys_for_custom_policy(PolicyInputList=given)
        self.assertEqual(told["ContextKeyNames"], ["aws:username", "aws:CurrentTime"])
        who, _ = self.user()
        self.iam.put_user_policy(UserName=who, PolicyName="p", PolicyDocument=document(rule))
        arn = f"arn:aws:iam::{ACCOUNT}:user/{who}"
        more = [document(when("kms:ViaService", "x"))]
        told = self.iam.get_context_keys_for_principal_policy(PolicySourceArn=arn, PolicyInputList=more)
        self.assertEqual(told["ContextKeyNames"], ["aws:username", "aws:CurrentTime", "kms:ViaService"])
        call = self.iam.get_context_keys_for_custom_policy
        self.denies("InvalidInput", 400, call, PolicyInputList=["x"])


class SecurityTokens(Principals):
    def test_the_account_of_an_access_key_is_told(self):
        sts, (who, access) = service("sts"), self.user()
        self.assertEqual(sts.get_access_key_info(AccessKeyId=access[0])["Account"], ACCOUNT)
        for code, identity in [("ValidationError", "AKIA" + "A" * 16), ("ValidationError", "short")]:
            self.denies(code, 400, sts.get_access_key_info, AccessKeyId=identity)
        mine = service("sts", access)
        self.denies("AccessDenied", 403, mine.get_access_key_info, AccessKeyId=access[0])
        self.iam.put_user_policy(UserName=who, PolicyName="p", PolicyDocument=document(
            {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}))
        self.assertEqual(mine.get_access_key_info(AccessKeyId=access[0])["Account"], ACCOUNT)
        # Of temporary credentials nothing is kept: only whoever has them is told.
        session = key_of(mine.get_session_token())
        self.denies("ValidationError", 400, sts.get_access_key_info, AccessKeyId=session[0])
        self.denies("AccessDenied", 403, service("sts", session).get_access_key_info,
                    AccessKeyId=session[0], contains="session credentials")
        role = name("role")
        made = self.iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        self.iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document(
            {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}))
        session = key_of(mine.assume_role(RoleArn=made, RoleSessionName="it"))
        own = service("sts", session)
        self.assertEqual(own.get_access_key_info(AccessKeyId=session[0])["Account"], ACCOUNT)
        self.denies("AccessDenied", 403, own.get_session_token, contains="session credentials")
        self.denies("AccessDenied", 403, own.get_federation_token, Name="it", contains="session credentials")

    def test_no_message_is_one_of_this_service(self):
        sts, (_, access) = service("sts"), self.user()
        message = base64.b64encode(b"x" * 64).decode()
        self.denies("InvalidAuthorizationMessageException", 400, sts.decode_authorization_message,
                    EncodedMessage=message, contains="Message is not valid")
        for wrong in ["", "x" * 10241]:
            self.denies("ValidationError", 400, sts.decode_authorization_message, EncodedMessage=wrong)
        self.denies("AccessDenied", 403, service("sts", access).decode_authorization_message,
                    EncodedMessage=message)
        # Which is why no refusal brings one.
        mine = client(access)
        text = self.refused("AccessDeniedException", mine.list_keys)
        self.assertNotIn("Encoded authorization failure message", text)


class CommandLine(Principals):
    def test_the_aws_cli_explains(self):
        who, access = self.user()
        source = f"arn:aws:iam::{ACCOUNT}:user/{who}"
        self.iam.put_user_policy(UserName=who, PolicyName="p", PolicyDocument=document(ENCRYPT))
        told = aws("iam", "simulate-principal-policy", "--policy-source-arn", source, "--action-names",
                   "kms:Encrypt", "kms:Decrypt", "--resource-arns", KEY)
        decisions = [one["EvalDecision"] for one in told["EvaluationResults"]]
        self.assertEqual(decisions, ["allowed", "implicitDeny"])
        told = aws("iam", "simulate-custom-policy", "--policy-input-list", document(when("aws:username", who)),
                   "--action-names", "kms:Decrypt", "--context-entries",
                   f"ContextKeyName=aws:username,ContextKeyValues={who},ContextKeyType=string")
        self.assertEqual(told["EvaluationResults"][0]["EvalDecision"], "allowed")
        told = aws("iam", "get-context-keys-for-custom-policy", "--policy-input-list",
                   document(when("aws:username", who)))
        self.assertEqual(told["ContextKeyNames"], ["aws:username"])
        told = aws("iam", "get-context-keys-for-principal-policy", "--policy-source-arn", source)
        self.assertEqual(told["ContextKeyNames"], [])
        told = aws("sts", "get-access-key-info", "--access-key-id", access[0])
        self.assertEqual(told["Account"], ACCOUNT)
        with self.assertRaisesRegex(AssertionError, "InvalidAuthorizationMessageException"):
            aws("sts", "decode-authorization-message", "--encoded-message", "aGVsbG8=")


if __name__ == "__main__":
    unittest.main()
