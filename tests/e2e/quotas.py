"""The section `[quotas]` of the server's configuration: here one alias, one grant, two keys."""

import unittest

from support import ROOT, Case


class Quotas(Case):
    def test_what_would_pass_a_quota_is_refused_and_what_is_there_stays(self):
        limit = "LimitExceededException"
        key = self.key()
        grant = {"KeyId": key, "GranteePrincipal": ROOT, "Operations": ["Encrypt"]}
        made = self.kms.create_grant(**grant)
        self.refused(limit, self.kms.create_grant, **grant)
        alias = self.alias()
        self.kms.create_alias(AliasName=alias, TargetKeyId=key)
        self.refused(limit, self.kms.create_alias, AliasName=self.alias(), TargetKeyId=key)
        self.key()
        self.refused(limit, self.kms.create_key)
        self.kms.rotate_key_on_demand(KeyId=key)
        self.refused(limit, self.kms.rotate_key_on_demand, KeyId=key)
        # Room that is given back can be taken again.
        self.kms.revoke_grant(KeyId=key, GrantId=made["GrantId"])
        self.kms.create_grant(**grant)
        self.kms.delete_alias(AliasName=alias)
        self.kms.create_alias(AliasName=alias, TargetKeyId=key)


if __name__ == "__main__":
    unittest.main()
