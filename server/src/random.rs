//! Random bytes from the operating system.

use std::cell::RefCell;

/// How many random bytes one id takes.
const ID_BYTES: usize = 10;
/// How many ids' bytes are asked for at once: asking costs more than taking.
const AT_ONCE: usize = 64;

thread_local! {
    static AHEAD: RefCell<Vec<[u8; ID_BYTES]>> = const { RefCell::new(vec![]) };
}

/// Ten random bytes, as ids take them, never given twice. Where the system has none, the id is of its time alone: ids are
/// names, not secrets, and the store refuses a second ticket of one name.
#[must_use]
pub(crate) fn bytes() -> [u8; ID_BYTES] {
    AHEAD.with_borrow_mut(|ahead| {
        if ahead.is_empty() {
            *ahead = fresh();
        }
        ahead.pop().unwrap_or_default()
    })
}

fn fresh() -> Vec<[u8; ID_BYTES]> {
    let mut fresh = vec![[0; ID_BYTES]; AT_ONCE];
    match getrandom::fill(fresh.as_flattened_mut()) {
        Ok(()) => fresh,
        Err(error) => {
            tracing::warn!(%error, "no random bytes for an id");
            vec![]
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nothing_is_given_twice() {
        let given: HashSet<_> = (0..3 * AT_ONCE).map(|_| bytes()).collect();
        assert_eq!(given.len(), 3 * AT_ONCE);
    }
}
