//! What has not been read, and how channels are found.

use serde_json::Value;

use crate::fixture::{Clinic, Person};

async fn shown(person: &Person, channel: &str) -> Value {
    person.get(&format!("/api/channels/{channel}")).await.json_of(200)
}

async fn listed(person: &Person, channel: &str) -> Value {
    let list = person.list("/api/channels").await;
    list.into_iter().find(|c| c["id"] == channel).expect("the channel in the list")
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn what_others_posted_is_counted_until_it_is_read_and_across_a_restart() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let ward = alice.make_channel("Ward 3", false, &[]).await;
    for n in 0..3 {
        alice.say(&ward, &format!("before {n}")).await;
    }
    assert_eq!(shown(&bob, &ward).await["lastReadSeq"], Value::Null, "outside there is nothing to read up to");
    assert_eq!(shown(&bob, &ward).await["unreadCount"], 0);
    bob.listening(&ward).await;
    assert_eq!(listed(&bob, &ward).await["unreadCount"], 0, "what was there before one came is read");
    assert_eq!(listed(&bob, &ward).await["lastReadSeq"], 3);

    alice.say(&ward, "one").await;
    bob.say(&ward, "my own").await;
    alice.say(&ward, "two").await;
    for channel in [listed(&bob, &ward).await, shown(&bob, &ward).await] {
        assert_eq!(channel["unreadCount"], 2, "one's own messages do not count: {channel}");
        assert_eq!(channel["mentionCount"], 0);
    }
    clinic.restart().await;
    let bob = bob.by(clinic.line());
    assert_eq!(listed(&bob, &ward).await["unreadCount"], 2);
}
