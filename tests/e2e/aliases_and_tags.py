"""CreateAlias, UpdateAlias, DeleteAlias, ListAliases, TagResource, UntagResource,
ListResourceTags."""

import unittest

from support import ABSENT, ACCOUNT, REGION, Case


class Aliases(Case):
    def test_an_alias_stands_for_its_key_in_both_forms(self):
        key, alias = self.key(), self.alias()
        self.kms.create_alias(AliasName=alias, TargetKeyId=key)
        for name in (alias, f"arn:aws:kms:{REGION}:{ACCOUNT}:{alias}"):
            self.assertEqual(self.kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"], key)
            blob = self.kms.encrypt(KeyId=name, Plaintext=b"by alias")
            self.assertEqual(blob["KeyId"], self.arn(key))
            opened = self.kms.decrypt(KeyId=name, CiphertextBlob=blob["CiphertextBlob"])
            self.assertEqual(opened["Plaintext"], b"by alias")
            self.assertEqual(opened["KeyId"], self.arn(key))

    def test_an_alias_may_name_its_target_by_arn(self):
        key, alias = self.key(), self.alias()
        self.kms.create_alias(AliasName=alias, TargetKeyId=self.arn(key))
        self.assertEqual(self.kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"], key)

    def test_an_alias_can_be_pointed_at_another_key(self):
        old, new, alias = self.key(), self.key(), self.alias()
        self.kms.create_alias(AliasName=alias, TargetKeyId=old)
        blob = self.kms.encrypt(KeyId=alias, Plaintext=b"old")["CiphertextBlob"]
        self.kms.update_alias(AliasName=alias, TargetKeyId=new)
        self.assertEqual(self.kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"], new)
        self.assertEqual(self.kms.decrypt(CiphertextBlob=blob)["KeyId"], self.arn(old))
        self.refused("IncorrectKeyException", self.kms.decrypt, KeyId=alias, CiphertextBlob=blob)

    def test_a_deleted_alias_is_gone_and_its_key_stays(self):
        key, alias = self.key(), self.alias()
        self.kms.create_alias(AliasName=alias, TargetKeyId=key)
        self.kms.delete_alias(AliasName=alias)
        words = f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:{alias} is not found."
        for call, parameters in (
            (self.kms.describe_key, {"KeyId": alias}),
            (self.kms.delete_alias, {"AliasName": alias}),
            (self.kms.update_alias, {"AliasName": alias, "TargetKeyId": key}),
        ):
            self.refused("NotFoundException", call, message=words, **parameters)
        self.assertEqual(self.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"], "Enabled")
        self.kms.create_alias(AliasName=alias, TargetKeyId=key)

    def test_a_name_is_taken_once(self):
        alias = self.alias()
        self.kms.create_alias(AliasName=alias, TargetKeyId=self.key())
        self.refused(
            "AlreadyExistsException", self.kms.create_alias, AliasName=alias,
            TargetKeyId=self.key(),
            message=f"An alias with the name arn:aws:kms:{REGION}:{ACCOUNT}:{alias} already exists",
        )

    def test_names_are_checked(self):
        create, key = self.kms.create_alias, self.key()
        self.refused(
            "ValidationException", create, AliasName="no-prefix", TargetKeyId=key,
            message='Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        )
        for name in ("alias/with space", "alias/ü", "alias/" + "a" * 251):
            with self.subTest(name):
                with self.assertRaises(self.kms.exceptions.ClientError):
                    create(AliasName=name, TargetKeyId=key)
        with self.assertRaises(self.kms.exceptions.ClientError):
            create(AliasName="alias/aws/ours", TargetKeyId=key)
        self.refused("NotFoundException", create, AliasName=self.alias(), TargetKeyId=ABSENT)

    def test_a_list_holds_every_alias_once(self):
        key, other = self.key(), self.key()
        mine = {self.alias() for _ in range(5)}
        for alias in mine:
            self.kms.create_alias(AliasName=alias, TargetKeyId=key)
        strange = self.alias()
        self.kms.create_alias(AliasName=strange, TargetKeyId=other)
        pages = list(
            self.kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 2})
        )
        found = [alias for page in pages for alias in page["Aliases"]]
        names = [alias["AliasName"] for alias in found]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual(mine | {strange}, set(names))
        self.assertGreaterEqual(len(pages), 3)
        of_key = self.kms.list_aliases(KeyId=key)["Aliases"]
        self.assertEqual({alias["AliasName"] for alias in of_key}, mine)
        for alias in of_key:
            name = alias["AliasName"]
            self.assertEqual(alias["AliasArn"], f"arn:aws:kms:{REGION}:{ACCOUNT}:{name}")
            self.assertEqual(alias["TargetKeyId"], key)
            self.assertEqual(alias["CreationDate"], alias["LastUpdatedDate"])
        self.refused("InvalidMarkerException", self.kms.list_aliases, Marker="garbage")


class Tags(Case):
    def tags(self, key):
        return {
            tag["TagKey"]: tag["TagValue"]
            for page in self.kms.get_paginator("list_resource_tags").paginate(KeyId=key)
            for tag in page["Tags"]
        }

    def test_tags_are_set_replaced_and_taken_off(self):
        key = self.key(Tags=[{"TagKey": "a", "TagValue": "1"}])
        self.kms.tag_resource(
            KeyId=key,
            Tags=[{"TagKey": "a", "TagValue": "2"}, {"TagKey": "b", "TagValue": ""}],
        )
        self.assertEqual(self.tags(key), {"a": "2", "b": ""})
        self.kms.untag_resource(KeyId=key, TagKeys=["a", "never-set"])
        self.assertEqual(self.tags(key), {"b": ""})

    def test_pages_of_tags_hold_each_once(self):
        wanted = {f"k{n}": f"v{n}" for n in range(7)}
        tags = [{"TagKey": name, "TagValue": value} for name, value in wanted.items()]
        key, found, marker = self.key(Tags=tags), [], {}
        while True:
            page = self.kms.list_resource_tags(KeyId=key, Limit=3, **marker)
            found += [(tag["TagKey"], tag["TagValue"]) for tag in page["Tags"]]
            if not page["Truncated"]:
                break
            marker = {"Marker": page["NextMarker"]}
        self.assertEqual(len(found), 7)
        self.assertEqual(dict(found), wanted)

    def test_fifty_tags_and_no_more(self):
        key = self.key(Tags=[{"TagKey": f"k{n}", "TagValue": "v"} for n in range(50)])
        self.refused(
            "TagException", self.kms.tag_resource, KeyId=key,
            Tags=[{"TagKey": "one-more", "TagValue": "v"}], message="Too many tags",
        )
        self.kms.tag_resource(KeyId=key, Tags=[{"TagKey": "k0", "TagValue": "replaced"}])

    def test_bad_tags_have_aws_words(self):
        tag, key = self.kms.tag_resource, self.key()
        self.refused(
            "TagException", tag, KeyId=key, message="Duplicate tag keys",
            Tags=[{"TagKey": "a", "TagValue": "1"}, {"TagKey": "a", "TagValue": "2"}],
        )
        self.refused(
            "TagException", tag, KeyId=key, Tags=[{"TagKey": "AWS:a", "TagValue": "1"}],
            message="Tags beginning with aws: are reserved",
        )
        self.assertEqual(self.tags(key), {})


if __name__ == "__main__":
    unittest.main()
