//! Who listens to event streams, by user: a commit wakes the streams of those who may see something of it, and no other.
//!
//! One task, the teller, reads what the clerk posts, and asks once for each user what that user may see. It gathers what is
//! committed within a few milliseconds, so that many commits wake a stream once. It is there only while somebody listens.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ccc_core::user::Users;
use ccc_protocol::UserName;
use tokio::{sync::broadcast, time::sleep};

use super::{Lawbook, Posted};

/// What wakes a stream: what its user may see of one or more commits, in their order.
pub(super) type News = Arc<[Posted]>;

/// How often streams are woken at most. The first news after a silence are told at once.
const TOLD_EVERY: Duration = Duration::from_millis(10);
/// How often a listener may be woken without having looked; then it has to come back with the last event it saw.
const NEWS_WAITING_MAX: usize = 256;

/// Everybody who listens.
#[derive(Debug, Clone, Default)]
pub(super) struct Audience(Arc<Mutex<Listeners>>);

#[derive(Debug, Default)]
struct Listeners {
    by_user: HashMap<UserName, broadcast::Sender<News>>,
    /// True while there is a teller. INVARIANT: there is one while there are listeners.
    have_a_teller: bool,
}

impl Audience {
    /// Listens as this user to all that is posted from now on. What was posted a moment before may come too.
    pub(super) fn join(
        &self,
        user: &UserName,
        posts: &broadcast::Sender<News>,
        lawbook: &Lawbook,
    ) -> broadcast::Receiver<News> {
        let mut listeners = self.listeners();
        if !listeners.have_a_teller {
            listeners.have_a_teller = true;
            tokio::spawn(tell_all(self.clone(), posts.subscribe(), lawbook.clone()));
        }
        let theirs = listeners.by_user.entry(user.clone());
        theirs.or_insert_with(|| broadcast::channel(NEWS_WAITING_MAX).0).subscribe()
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        // A poisoned lock holds whole listeners all the same: nothing below leaves them half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The teller. Ends with the last listener; and where it fell behind or nothing can be posted any more, it ends every
/// stream, whose listeners come back with the last event they saw.
async fn tell_all(audience: Audience, mut posts: broadcast::Receiver<News>, lawbook: Lawbook) {
    while let Some(news) = gather(&mut posts).await {
        if !audience.listeners().tell(&news, &lawbook.current().users) {
            return;
        }
        sleep(TOLD_EVERY).await;
    }
    *audience.listeners() = Listeners::default();
}

/// The next commit, and every other that was posted by now; none where some were lost, or none can come.
async fn gather(posts: &mut broadcast::Receiver<News>) -> Option<Vec<News>> {
    use broadcast::error::TryRecvError::{Closed, Empty, Lagged};
    let mut news = vec![posts.recv().await.ok()?];
    loop {
        match posts.try_recv() {
            Ok(more) => news.push(more),
            Err(Empty | Closed) => return Some(news),
            Err(Lagged(_)) => return None,
        }
    }
}

impl Listeners {
    /// Tells each user's streams what that user may see. False where nobody listens any more: then there is no teller.
    fn tell(&mut self, news: &[News], users: &Users) -> bool {
        self.by_user.retain(|_, streams| streams.receiver_count() > 0);
        self.have_a_teller = !self.by_user.is_empty();
        for (user, streams) in &self.by_user {
            let visible =
                news.iter().flat_map(|commit| commit.iter()).filter(|posted| posted.may_be_seen_by(user, users));
            let visible: News = visible.cloned().collect();
            if !visible.is_empty() {
                // The last of them may have gone meanwhile.
                let _ = streams.send(visible);
            }
        }
        self.have_a_teller
    }
}

impl Posted {
    /// True where this user may be told of it.
    pub(super) fn may_be_seen_by(&self, user: &UserName, users: &Users) -> bool {
        match (&self.about, &self.by) {
            (Some(about), by) => users.may_see(user, about) || by.as_ref() == Some(user),
            // What an approver sets concerns the others who may approve for the same users.
            (None, Some(by)) => by == user || users.share_somebody(user, by),
            // What the server itself does (a start, a reload) every approver may know.
            (None, None) => users.has_approval_rights(user),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ccc_core::user::User;
    use ccc_protocol::bodies::EntryKind;
    use tokio::sync::broadcast::Receiver;

    use super::*;

    fn name(name: &str) -> UserName {
        name.parse().unwrap()
    }

    /// `user` may see what `agent` asks, `lead` what `other` asks.
    fn users() -> Users {
        let user = |can_approve: &[&str]| User {
            can_approve: can_approve.iter().map(|user| name(user)).collect(),
            roles: BTreeSet::new(),
        };
        let all = [("user", user(&["agent"])), ("lead", user(&["other"])), ("agent", user(&[])), ("other", user(&[]))];
        Users::new(all.map(|(own, user)| (name(own), user)))
    }

    /// A commit of one entry about this user.
    fn commit(seq: u64, about: &str) -> News {
        let posted =
            Posted { seq, kind: EntryKind::Submitted, id: None, about: Some(name(about)), by: Some(name(about)) };
        Arc::from([posted])
    }

    fn listen(listeners: &mut Listeners, user: &str) -> Receiver<News> {
        listeners.by_user.entry(name(user)).or_insert_with(|| broadcast::channel(NEWS_WAITING_MAX).0).subscribe()
    }

    /// What woke a stream, wake by wake.
    fn wakes(stream: &mut Receiver<News>) -> Vec<Vec<u64>> {
        std::iter::from_fn(|| stream.try_recv().ok())
            .map(|news| news.iter().map(|posted| posted.seq).collect())
            .collect()
    }

    #[test]
    fn a_commit_wakes_those_streams_alone_whose_user_may_see_something_of_it() {
        let mut listeners = Listeners::default();
        let mut streams = ["agent", "user", "user", "lead", "other"].map(|user| listen(&mut listeners, user));
        assert!(listeners.tell(&[commit(1, "agent")], &users()));
        assert!(listeners.tell(&[commit(2, "other"), commit(3, "agent"), commit(4, "other")], &users()));
        let woken = streams.each_mut().map(wakes);
        let (agents, others) = (vec![vec![1], vec![3]], vec![vec![2, 4]]);
        assert_eq!(woken, [agents.clone(), agents.clone(), agents, others.clone(), others]);
    }

    #[test]
    fn nothing_is_kept_for_who_has_gone() {
        let mut listeners = Listeners { have_a_teller: true, ..Listeners::default() };
        let (gone, mut stays) = (listen(&mut listeners, "user"), listen(&mut listeners, "agent"));
        drop(gone);
        assert!(listeners.tell(&[commit(1, "agent")], &users()));
        assert_eq!(listeners.by_user.keys().collect::<Vec<_>>(), [&name("agent")]);
        assert_eq!(wakes(&mut stays), [[1]]);
        drop(stays);
        assert!(!listeners.tell(&[commit(2, "agent")], &users()));
        assert!(!listeners.have_a_teller && listeners.by_user.is_empty());
    }

    #[tokio::test]
    async fn what_was_posted_meanwhile_is_one_wake_and_a_loss_is_said() {
        let (posts, mut teller) = broadcast::channel(4);
        for seq in 1..=3 {
            posts.send(commit(seq, "agent")).unwrap();
        }
        assert_eq!(gather(&mut teller).await.unwrap().len(), 3);
        for seq in 4..=9 {
            posts.send(commit(seq, "agent")).unwrap();
        }
        assert_eq!(gather(&mut teller).await, None, "two of six are lost");
    }
}
