//! Accounts that wait, the most important first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::scheduler::Order;

/// Accounts by priority, then by order of arrival; each once.
#[derive(Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<(u8, u64, String)>>,
    waiting: HashMap<String, Order>,
    arrivals: u64,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn push(&mut self, did: String, order: Order) {
        let priority = order.priority;
        if let Some(known) = self.waiting.get_mut(&did) {
            let before = known.priority;
            *known = known.clone().union(order);
            if before <= priority {
                return;
            }
        } else {
            self.waiting.insert(did.clone(), order);
        }
        self.arrivals += 1;
        self.heap.push(Reverse((priority, self.arrivals, did)));
    }

    pub(super) fn pop(&mut self) -> Option<(String, Order)> {
        while let Some(Reverse((priority, _, did))) = self.heap.pop() {
            // What was asked for again with a better priority has left its old entry behind.
            if self
                .waiting
                .get(&did)
                .is_some_and(|order| order.priority == priority)
            {
                return self.waiting.remove_entry(&did);
            }
        }
        None
    }

    /// The best priority that waits.
    pub(super) fn best(&mut self) -> Option<u8> {
        while let Some(Reverse((priority, _, did))) = self.heap.peek() {
            if self
                .waiting
                .get(did)
                .is_some_and(|order| order.priority == *priority)
            {
                return Some(*priority);
            }
            self.heap.pop();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::Wanted;
    use super::*;

    #[test]
    fn the_queue_goes_by_priority_then_by_arrival() {
        let mut queue = Queue::default();
        for (did, priority) in [("c", 2), ("a", 1), ("b", 1), ("c", 3), ("z", 0), ("b", 0)] {
            let wanted = Wanted {
                follows: priority == 3,
                ..Wanted::default()
            };
            queue.push(did.to_owned(), Order { priority, wanted });
        }
        assert_eq!(queue.len(), 4);
        assert_eq!(queue.best(), Some(0));
        assert!(queue.waiting["c"].wanted.follows, "what is wanted adds up");
        let order: Vec<_> = std::iter::from_fn(|| queue.pop().map(|(did, _)| did)).collect();
        assert_eq!(order, ["z", "b", "a", "c"]);
        assert_eq!(queue.len(), 0);
    }
}
