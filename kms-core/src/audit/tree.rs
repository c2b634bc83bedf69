//! The Merkle tree of RFC 6962 §2.1, grown a leaf at a time and remembered in its frontier only.

use crate::crypto::digest::{Sha256Digest, sha256, sha256_of};

/// The hash of a leaf: SHA-256 over `0x00 ‖ leaf`.
pub(super) fn leaf_hash(leaf: &[u8]) -> Sha256Digest {
    sha256_of(&[&[0x00], leaf])
}

fn node_hash(left: &Sha256Digest, right: &Sha256Digest) -> Sha256Digest {
    sha256_of(&[&[0x01], left, right])
}

/// The complete subtrees that make up a tree of `size` leaves, the largest (leftmost) first: one
/// for each bit set in `size`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tree {
    size: u64,
    subtrees: Vec<Sha256Digest>,
}

impl Tree {
    /// From what a frontier file says; `None` when the number of subtrees does not fit the size.
    pub(super) fn from_subtrees(size: u64, subtrees: Vec<Sha256Digest>) -> Option<Self> {
        (u32::try_from(subtrees.len()) == Ok(size.count_ones())).then_some(Self { size, subtrees })
    }

    /// How many leaves there are.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The complete subtrees, the largest first.
    pub(super) fn subtrees(&self) -> &[Sha256Digest] {
        &self.subtrees
    }

    /// Appends a leaf by its hash.
    pub(super) fn push(&mut self, leaf: Sha256Digest) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.subtrees.push(hash);
        self.size += 1;
    }

    /// The tree's root; of an empty tree SHA-256 of nothing.
    pub(super) fn root(&self) -> Sha256Digest {
        self.subtrees
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or_else(|| sha256(b""))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive_root(leaves: &[Vec<u8>]) -> Sha256Digest {
        match leaves {
            [] => sha256(b""),
            [leaf] => leaf_hash(leaf),
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node_hash(&naive_root(&leaves[..split]), &naive_root(&leaves[split..]))
            }
        }
    }

    fn grown(leaves: &[Vec<u8>]) -> Tree {
        let mut tree = Tree::default();
        for leaf in leaves {
            tree.push(leaf_hash(leaf));
        }
        tree
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn unhex(text: &str) -> Vec<u8> {
        text.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn the_roots_of_the_certificate_transparency_reference_tree_are_met() {
        let leaves: Vec<Vec<u8>> = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ]
        .map(unhex)
        .to_vec();
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (size, root) in roots.iter().enumerate() {
            assert_eq!(hex(&grown(&leaves[..size]).root()), *root, "size {size}");
        }
    }

    #[test]
    fn a_frontier_has_one_subtree_for_each_bit_of_its_size() {
        let tree = grown(&vec![vec![7]; 13]);
        assert_eq!(tree.subtrees().len(), 3);
        assert_eq!(
            Tree::from_subtrees(13, tree.subtrees().to_vec()),
            Some(tree.clone())
        );
        assert_eq!(Tree::from_subtrees(12, tree.subtrees().to_vec()), None);
    }

    proptest! {
        #[test]
        fn the_root_is_that_of_the_recursive_definition(
            leaves in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..80)
        ) {
            prop_assert_eq!(grown(&leaves).root(), naive_root(&leaves));
        }
    }
}
