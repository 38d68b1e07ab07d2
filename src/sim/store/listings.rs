//! Listings in a different order from the rows': created for the first page and kept for the others.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

/// The maximum number of positions of all listings together: the oldest listings are dropped, the newest is kept.
const MOST_KEPT: usize = 1 << 20;

/// The maximum number of listings, of any length.
const MOST_LISTINGS: usize = 2000;

/// The orders for later pages.
///
/// The pages of a listing show the state at its start: deleted objects are skipped, new ones do not appear. A dropped
/// listing is answered like an expired token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listings(RefCell<Kept>);

#[derive(Debug, Clone, Default)]
struct Kept {
    /// The orders by number, oldest first.
    orders: VecDeque<(u64, Arc<[u64]>)>,
    positions: usize,
    next: u64,
}

impl Listings {
    /// Keeps an order of positions and returns its number.
    pub(crate) fn keep(&self, order: Arc<[u64]>) -> u64 {
        let kept = &mut *self.0.borrow_mut();
        kept.next += 1;
        kept.positions += order.len();
        kept.orders.push_back((kept.next, order));
        while (kept.positions > MOST_KEPT || kept.orders.len() > MOST_LISTINGS) && kept.orders.len() > 1 {
            let gone = kept.orders.pop_front().map_or(0, |(_, order)| order.len());
            kept.positions -= gone;
        }
        kept.next
    }

    /// Returns the order with a number, unless it was dropped.
    pub(crate) fn get(&self, number: u64) -> Option<Arc<[u64]>> {
        let kept = self.0.borrow();
        let place = kept.orders.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        kept.orders.get(place).map(|(_, order)| Arc::clone(order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_listings_make_room_and_the_newest_stays_whatever_its_size() {
        let listings = Listings::default();
        let half: Arc<[u64]> = (0..MOST_KEPT as u64 / 2).collect();
        let numbers = [(); 3].map(|()| listings.keep(Arc::clone(&half)));
        let found = numbers.map(|number| listings.get(number).map(|order| order.len()));
        assert_eq!(found, [None, Some(half.len()), Some(half.len())]);
        let huge = listings.keep((0..MOST_KEPT as u64 * 2).collect());
        assert!(listings.get(numbers[2]).is_none() && listings.get(huge).is_some());
        let small = listings.keep(Arc::new([7]));
        assert_eq!((listings.get(huge), listings.get(small).as_deref()), (None, Some(&[7][..])));
        assert!(listings.get(small + 1).is_none());
    }

    #[test]
    fn short_listings_make_room_by_their_number() {
        let listings = Listings::default();
        let numbers: Vec<u64> = (0..=MOST_LISTINGS).map(|_| listings.keep(Arc::new([7]))).collect();
        assert_eq!(listings.get(numbers[0]), None);
        assert!(numbers[1..].iter().all(|number| listings.get(*number).is_some()));
    }
}
