//! The part of a repo's tree that a commit carries, and the undoing of ops on it.
//!
//! The tree is read into a row of *items*, in the order of their keys: the leaves that can be
//! seen, and the subtrees whose blocks are not there. Keys alone decide the shape of a tree, so
//! undoing an op is no more than taking a leaf out of the row or putting one in; the tree before is
//! what is built from the row that is left. A row that does not say enough shows itself: a leaf
//! would have to go into a subtree that cannot be seen, or two such subtrees would have to become
//! one.

use super::VerifyError;
use super::node::{Entry, Node, common_prefix, level};
use super::ops::Op;
use crate::wire::{Action, Blocks, Cid, Codec};
use std::cmp::Ordering;

/// Longest key, in bytes: an NSID (317), a slash and a record key (512) need 830.
const KEY_BYTES_MAX: usize = 1_024;
/// Most bytes of keys that are unpacked: a commit of 200 ops needs a twentieth of it.
const KEYS_BYTES_MAX: usize = 8 << 20;

/// What is known of a tree.
pub(super) struct Tree {
    /// The bytes of all keys; a [`Key`] is a part of them.
    keys: Vec<u8>,
    /// In the order of their keys.
    items: Vec<Item>,
}

#[derive(Clone, Copy)]
enum Item {
    /// A record.
    Leaf { key: Key, value: Cid, level: u8 },
    /// A subtree that cannot be seen, or has been built already.
    Subtree { root: Cid, layer: u8 },
}

/// Where a key begins and ends in the bytes of all keys.
#[derive(Clone, Copy)]
struct Key {
    start: u32,
    end: u32,
}

impl Tree {
    /// Reads what can be seen of the tree under `root`.
    pub(super) fn read(blocks: &Blocks<'_>, root: &Cid) -> Result<Self, VerifyError> {
        let mut walk = Walk {
            blocks,
            nodes_left: blocks.iter().len(),
            scratch: Vec::new(),
            last: None,
            tree: Self {
                keys: Vec::new(),
                items: Vec::new(),
            },
        };
        let block = blocks.find(root).ok_or(VerifyError::IncompleteTree)?;
        let node = walk.parse(block)?;
        match node.entries.first() {
            Some(first) => walk.node(&node, level(first.suffix))?,
            // Only the tree of nothing has no leaf at its top.
            None if node.left.is_some() => return Err(VerifyError::BadTree),
            None => {}
        }
        Ok(walk.tree)
    }

    /// Checks that the tree has what the ops put there, and, as far as that can be seen, has no
    /// longer what they took away.
    pub(super) fn check(mut self, ops: &[Op<'_>]) -> Result<(), VerifyError> {
        self.merge(ops, Missing::Tolerated).map(drop)
    }

    /// The tree before the ops, which must be ordered by path.
    pub(super) fn undo(mut self, ops: &[Op<'_>]) -> Result<Self, VerifyError> {
        self.items = self.merge(ops, Missing::Refused)?;
        Ok(self)
    }

    /// Walks over items and ops side by side, and gives the items without the ops.
    fn merge(&mut self, ops: &[Op<'_>], missing: Missing) -> Result<Vec<Item>, VerifyError> {
        let mut before = Vec::with_capacity(self.items.len() + ops.len());
        let mut ops = ops.iter().peekable();
        // A subtree that cannot be seen lies between the leaf before and the next one.
        let mut hidden = false;
        for item in std::mem::take(&mut self.items) {
            let Item::Leaf { key, value, level } = item else {
                hidden = true;
                before.push(item);
                continue;
            };
            while let Some(op) = ops.next_if(|op| op.path < self.bytes(key)) {
                before.extend(self.undo_absent(op, hidden, missing)?);
            }
            hidden = false;
            let Some(op) = ops.next_if(|op| op.path == self.bytes(key)) else {
                before.push(item);
                continue;
            };
            if op.cid != Some(value) {
                return Err(VerifyError::OpMismatch);
            }
            if op.action == Action::Update {
                let value = match missing {
                    Missing::Refused => op.prev.ok_or(VerifyError::MissingPrev)?,
                    Missing::Tolerated => value,
                };
                before.push(Item::Leaf { key, value, level });
            }
        }
        for op in ops {
            before.extend(self.undo_absent(op, hidden, missing)?);
        }
        Ok(before)
    }

    /// Undoes an op on a record that no visible leaf names: it must be a deletion.
    fn undo_absent(
        &mut self,
        op: &Op<'_>,
        hidden: bool,
        missing: Missing,
    ) -> Result<Option<Item>, VerifyError> {
        match (hidden, missing) {
            (true, Missing::Refused) => return Err(VerifyError::IncompleteTree),
            _ if op.action != Action::Delete => return Err(VerifyError::OpMismatch),
            (_, Missing::Tolerated) => return Ok(None),
            (false, Missing::Refused) => {}
        }
        let value = op.prev.ok_or(VerifyError::MissingPrev)?;
        let start = self.keys.len();
        self.keys.extend_from_slice(op.path);
        let key = self.key_from(start)?;
        let level = level(op.path);
        Ok(Some(Item::Leaf { key, value, level }))
    }

    /// The root of the tree that has these items and no others.
    pub(super) fn root(self) -> Result<Cid, VerifyError> {
        self.build(&mut |_, _| {})
    }

    /// Builds the tree layer by layer, from the lowest; `built` is given every node.
    fn build(mut self, built: &mut dyn FnMut(Cid, &[u8])) -> Result<Cid, VerifyError> {
        let mut items = std::mem::take(&mut self.items);
        let mut scratch = Vec::new();
        if items.is_empty() {
            return Ok(finish(&Node::default(), &mut scratch, built));
        }
        for layer in 0..=u8::MAX {
            if let [Item::Subtree { root, .. }] = items[..] {
                return Ok(root);
            }
            if !items.iter().any(|item| item.is_in(layer)) {
                continue;
            }
            let mut above = Vec::with_capacity(items.len());
            let mut run = 0..0;
            for (at, item) in items.iter().enumerate() {
                if item.is_in(layer) {
                    run.end = at + 1;
                    continue;
                }
                above.extend(self.node_of(&items[run], layer, &mut scratch, built)?);
                above.push(*item);
                run = at + 1..at + 1;
            }
            above.extend(self.node_of(&items[run], layer, &mut scratch, built)?);
            items = above;
        }
        // No key lives above layer 128.
        Err(VerifyError::BadTree)
    }

    /// The node of a run of items of one layer; none for no items.
    fn node_of(
        &self,
        run: &[Item],
        layer: u8,
        scratch: &mut Vec<u8>,
        built: &mut dyn FnMut(Cid, &[u8]),
    ) -> Result<Option<Item>, VerifyError> {
        if run.is_empty() {
            return Ok(None);
        }
        let mut node = Node::default();
        let mut last: &[u8] = &[];
        for item in run {
            match *item {
                Item::Leaf { key, value, .. } => {
                    let key = self.bytes(key);
                    let prefix = common_prefix(last, key);
                    node.entries.push(Entry {
                        prefix,
                        suffix: &key[prefix..],
                        value,
                        right: None,
                    });
                    last = key;
                }
                Item::Subtree { root, .. } => {
                    let place = match node.entries.last_mut() {
                        Some(entry) => &mut entry.right,
                        None => &mut node.left,
                    };
                    // Two subtrees side by side would be one, and what is in them is not known.
                    if place.replace(root).is_some() {
                        return Err(VerifyError::IncompleteTree);
                    }
                }
            }
        }
        let root = finish(&node, scratch, built);
        Ok(Some(Item::Subtree { root, layer }))
    }

    /// The leaves that can be seen, in order.
    #[cfg(test)]
    pub(super) fn leaves(&self) -> impl Iterator<Item = (&[u8], Cid)> {
        self.items.iter().filter_map(|item| match *item {
            Item::Leaf { key, value, .. } => Some((self.bytes(key), value)),
            Item::Subtree { .. } => None,
        })
    }

    fn bytes(&self, key: Key) -> &[u8] {
        &self.keys[key.start as usize..key.end as usize]
    }

    /// The key whose bytes were put behind the others last.
    fn key_from(&self, start: usize) -> Result<Key, VerifyError> {
        if self.keys.len() > KEYS_BYTES_MAX {
            return Err(VerifyError::TreeTooLarge);
        }
        let place = |at| u32::try_from(at).map_err(|_| VerifyError::TreeTooLarge);
        Ok(Key {
            start: place(start)?,
            end: place(self.keys.len())?,
        })
    }
}

/// What is said to ops whose place in the tree cannot be seen, or that lack `prev`.
#[derive(Clone, Copy, PartialEq)]
enum Missing {
    Refused,
    Tolerated,
}

impl Item {
    /// Says whether the item belongs into a node of this layer.
    fn is_in(&self, layer: u8) -> bool {
        match *self {
            Self::Leaf { level, .. } => level == layer,
            Self::Subtree { layer: own, .. } => own.checked_add(1) == Some(layer),
        }
    }
}

fn finish(node: &Node<'_>, scratch: &mut Vec<u8>, built: &mut dyn FnMut(Cid, &[u8])) -> Cid {
    node.write(scratch);
    let cid = Cid::for_block(Codec::DagCbor, scratch);
    built(cid, scratch);
    cid
}

/// A walk through the nodes that can be seen, in the order of their keys.
struct Walk<'b, 'a> {
    blocks: &'b Blocks<'a>,
    /// How many more nodes there can be: no block stands in a tree twice.
    nodes_left: usize,
    scratch: Vec<u8>,
    /// The key of the leaf before.
    last: Option<Key>,
    tree: Tree,
}

impl<'a> Walk<'_, 'a> {
    fn parse(&mut self, block: &'a [u8]) -> Result<Node<'a>, VerifyError> {
        let left = self.nodes_left.checked_sub(1);
        self.nodes_left = left.ok_or(VerifyError::BadTree)?;
        Node::parse(block, &mut self.scratch)
    }

    /// Reads a node of this layer. The layer falls with every step down, which bounds the depth.
    fn node(&mut self, node: &Node<'a>, layer: u8) -> Result<(), VerifyError> {
        self.below(node.left, layer)?;
        let mut last = Key { start: 0, end: 0 };
        for entry in &node.entries {
            last = self.leaf(entry, last, layer)?;
            self.below(entry.right, layer)?;
        }
        Ok(())
    }

    fn below(&mut self, root: Option<Cid>, layer: u8) -> Result<(), VerifyError> {
        let Some(root) = root else { return Ok(()) };
        let layer = layer.checked_sub(1).ok_or(VerifyError::BadTree)?;
        let Some(block) = self.blocks.find(&root) else {
            self.tree.items.push(Item::Subtree { root, layer });
            return Ok(());
        };
        let node = self.parse(block)?;
        if node.entries.is_empty() && node.left.is_none() {
            return Err(VerifyError::BadTree);
        }
        self.node(&node, layer)
    }

    /// Unpacks a leaf, whose key comes behind `in_node`, the one before in its node.
    fn leaf(&mut self, entry: &Entry<'_>, in_node: Key, layer: u8) -> Result<Key, VerifyError> {
        let keys = &mut self.tree.keys;
        let start = keys.len();
        let shared = in_node.start as usize..in_node.end as usize;
        if entry.prefix > shared.len() || entry.prefix + entry.suffix.len() > KEY_BYTES_MAX {
            return Err(VerifyError::BadTree);
        }
        keys.extend_from_within(shared.start..shared.start + entry.prefix);
        keys.extend_from_slice(entry.suffix);
        let key = self.tree.key_from(start)?;
        let bytes = self.tree.bytes(key);
        let ascends = match self.last {
            Some(last) => self.tree.bytes(last).cmp(bytes) == Ordering::Less,
            None => true,
        };
        let shortest = common_prefix(self.tree.bytes(in_node), bytes) == entry.prefix;
        if !ascends || !shortest || bytes.is_empty() || level(bytes) != layer {
            return Err(VerifyError::BadTree);
        }
        self.last = Some(key);
        let value = entry.value;
        self.tree.items.push(Item::Leaf {
            key,
            value,
            level: layer,
        });
        Ok(key)
    }
}
