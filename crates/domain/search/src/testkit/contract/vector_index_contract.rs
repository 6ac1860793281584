//! The cases of the [`VectorIndex`](crate::VectorIndex) contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

mod course;
mod keeping;
mod nearness;
mod steps;

pub use self::{
    course::{
        any_course_of_events_ends_as_with_the_naive_index, many_that_put_at_once_lose_nothing,
        searching_goes_on_while_entries_are_put, what_was_acknowledged_survives_a_kill,
    },
    keeping::{
        a_collection_that_is_not_there_is_empty, a_dropped_collection_is_as_if_it_had_never_been,
        a_put_is_kept_whole_or_not_at_all, a_removed_key_may_come_back, a_scan_gives_each_key_once,
        a_scan_gives_what_is_there_all_the_while, an_entry_takes_the_place_of_the_one_before,
        collections_are_apart, contents_are_told_in_the_order_of_the_keys, keys_are_any_bytes,
        of_two_with_one_key_the_last_counts, other_dimensions_are_rejected, what_was_put_is_there,
        what_was_removed_is_gone,
    },
    nearness::{
        nine_and_a_half_of_the_nearest_ten_are_found, no_more_are_found_than_were_asked_for,
        the_nearest_come_first, those_that_are_alike_are_all_found,
    },
};
