//! When a file is private enough to hold a secret. The rule alone: who opens files asks it about the descriptor that is then
//! read, never about a name, which may lead elsewhere a moment later.

/// What is known of an open file, and who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFile {
    /// A regular file, no pipe, socket or device.
    pub is_regular: bool,
    /// Its mode; only the permission bits count.
    pub mode: u32,
    /// The id of the user it belongs to.
    pub owner: u32,
    /// The effective user id of the process that reads.
    pub reader: u32,
}

/// Why a file is not private. The texts go on a sentence about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exposure {
    /// It is a pipe, a socket or a device.
    #[error("it is no regular file")]
    NotRegular,
    /// It belongs to another user, who may change it at any time.
    #[error("it belongs to another user")]
    Foreign,
    /// Its mode lets others read, change or run it.
    #[error("others can read or change it")]
    Open,
}

/// The superuser reads what is mounted into a container from any user.
const SUPERUSER: u32 = 0;
/// What others may do, in a mode.
const OTHERS: u32 = 0o077;

impl OpenFile {
    /// Passes a regular file of the reader's own that nobody else can read or change.
    ///
    /// # Errors
    /// What is wrong with it; first what no change of its mode would mend.
    pub fn check(self) -> Result<(), Exposure> {
        if !self.is_regular {
            Err(Exposure::NotRegular)
        } else if self.owner != self.reader && self.reader != SUPERUSER {
            Err(Exposure::Foreign)
        } else if self.mode & OTHERS != 0 {
            Err(Exposure::Open)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: OpenFile = OpenFile { is_regular: true, mode: 0o100_600, owner: 1000, reader: 1000 };

    #[test]
    fn a_regular_file_of_ones_own_is_private() {
        for mode in [0o600, 0o400, 0o100_600, 0o100_700] {
            assert_eq!(OpenFile { mode, ..PRIVATE }.check(), Ok(()));
        }
        assert_eq!(OpenFile { reader: 0, ..PRIVATE }.check(), Ok(()), "as it is mounted into a container");
    }

    #[test]
    fn whatever_others_reach_is_not() {
        for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666] {
            assert_eq!(OpenFile { mode, ..PRIVATE }.check(), Err(Exposure::Open), "{mode:o}");
            assert_eq!(OpenFile { mode, reader: 0, ..PRIVATE }.check(), Err(Exposure::Open), "{mode:o}");
        }
        assert_eq!(OpenFile { owner: 1001, ..PRIVATE }.check(), Err(Exposure::Foreign));
        assert_eq!(OpenFile { owner: 0, ..PRIVATE }.check(), Err(Exposure::Foreign));
        assert_eq!(OpenFile { is_regular: false, ..PRIVATE }.check(), Err(Exposure::NotRegular));
    }
}
