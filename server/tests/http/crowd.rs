//! No peer holds another up: silent, slow, half-closed, vanished and too many peers.

use std::time::{Duration, Instant};

use crate::{
    peer::{Ask, Peer, exchange},
    served::Served,
};

#[test]
fn a_connection_is_used_again_and_again_and_answers_come_in_order() {
    let served = Served::start();
    let mut peer = Peer::connect(served.addr);
    let asks = [Ask::get("/queue"), Ask::get("/actions"), Ask::get("/nowhere")];
    let all: Vec<u8> = asks.iter().flat_map(Ask::bytes).collect();
    peer.send(all);
    for (ask, status) in asks.iter().zip([200, 200, 404]) {
        let reply = peer.reply();
        assert_eq!(reply.status, status);
        ask.verify(&reply).expect("the answer to this very request");
    }
}

#[test]
fn an_answer_does_not_wait_for_the_rest_of_the_next_request() {
    let served = Served::start();
    let mut peer = Peer::connect(served.addr);
    let next = Ask::get("/actions").bytes();
    peer.send([Ask::get("/queue").bytes(), next[..20].to_vec()].concat());
    assert_eq!(peer.reply().status, 200);
    peer.send(&next[20..]);
    assert_eq!(peer.reply().status, 200);
}

#[test]
fn a_peer_that_closed_its_side_gets_its_answer() {
    let served = Served::start();
    let reply = Peer::connect(served.addr)
        .send(Ask::post("/action", r#"{"action":"list-actions"}"#).bytes())
        .close_write()
        .reply();
    assert_eq!(reply.status, 200);
}

#[test]
fn who_says_nothing_or_not_enough_is_let_go() {
    let served = Served::start_with(|settings| {
        settings.limits.head_seconds_max = 1;
        settings.limits.body_seconds_max = 1;
        settings.limits.idle_seconds_max = 1;
    });
    let ask = Ask::post("/action", r#"{"action":"list-actions"}"#);
    let mut silent = Peer::connect(served.addr);
    let mut half_a_head = Peer::connect(served.addr);
    half_a_head.send("GET /health HTTP/1.1\r\nHost: lo");
    let mut half_a_body = Peer::connect(served.addr);
    half_a_body.send(&ask.bytes()[..ask.bytes().len() - 3]);
    let mut idle = Peer::connect(served.addr);
    assert_eq!(idle.send(Ask::get("/queue").bytes()).reply().status, 200);
    for peer in [&mut silent, &mut half_a_head, &mut half_a_body, &mut idle] {
        assert_eq!(peer.until_closed(), "");
    }
}

#[test]
fn a_byte_now_and_then_buys_no_time() {
    let served = Served::start_with(|settings| settings.limits.head_seconds_max = 1);
    let mut drip = Peer::connect(served.addr);
    let began = Instant::now();
    while drip.try_send("x").is_ok() {
        assert!(began.elapsed() < Duration::from_secs(10), "still connected");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn half_open_peers_hold_nobody_up() {
    let served = Served::start();
    let half_open: Vec<Peer> = (0..200)
        .map(|_| {
            let mut peer = Peer::connect(served.addr);
            peer.send("POST /action HTTP/1.1\r\nHost: localhost\r\nContent-Le");
            peer
        })
        .collect();
    assert_eq!(exchange(served.addr, &Ask::get("/queue")).status, 200);
    drop(half_open);
}

#[test]
fn a_flood_of_strangers_and_idle_users_keeps_neither_user_nor_approver_out() {
    let served = Served::start_with(|settings| {
        (settings.limits.connections_max, settings.limits.approver_connections_reserved) = (10, 2);
    });
    let strangers: Vec<Peer> = (0..30).map(|_| Peer::connect(served.addr)).collect();
    let users: Vec<Peer> = (0..30)
        .map(|_| {
            let mut peer = Peer::connect(served.addr);
            assert_eq!(peer.send(Ask::get("/queue").bytes()).reply().status, 200);
            peer
        })
        .collect();
    let mut approver = Peer::connect(served.addr);
    for _ in 0..3 {
        assert_eq!(approver.send(Ask::get("/queue").of("user").bytes()).reply().status, 200);
        let _more: Vec<Peer> = (0..10).map(|_| Peer::connect(served.addr)).collect();
    }
    drop((strangers, users));
}

#[test]
fn connections_that_are_all_at_work_leave_the_reserved_places_to_approvers() {
    let served = Served::start_with(|settings| {
        (settings.limits.connections_max, settings.limits.approver_connections_reserved) = (6, 2);
        settings.limits.streams_per_user_max = 10;
    });
    let mut listening: Vec<Peer> = (0..4).map(|_| Peer::connect(served.addr)).collect();
    for peer in &mut listening {
        assert_eq!(peer.send(Ask::get("/events").bytes()).reply().status, 200);
    }
    let mut agent = Peer::connect(served.addr);
    let reply = agent.send(Ask::get("/queue").bytes()).reply();
    assert_eq!((reply.status, reply.field("connection")), (200, Some("close")), "served, and not kept");
    assert_eq!(agent.until_closed(), "");
    let mut approver = Peer::connect(served.addr);
    for _ in 0..2 {
        let reply = approver.send(Ask::get("/queue").of("user").bytes()).reply();
        assert_eq!((reply.status, reply.field("connection")), (200, None));
    }
}

#[test]
fn requests_in_a_minute_are_limited_where_config_says_so() {
    let served = Served::start_with(|settings| settings.limits.requests_per_minute_max = 2);
    let statuses: Vec<u16> = (0..3).map(|_| exchange(served.addr, &Ask::get("/queue")).status).collect();
    assert_eq!(statuses, [200, 200, 429]);
    assert_eq!(exchange(served.addr, &Ask::get("/queue").of("user")).status, 200, "another user's share is another");
    let limited = Ask::get("/queue");
    let reply = exchange(served.addr, &limited);
    assert!(reply.field("retry-after").is_some());
    limited.verify(&reply).unwrap();
}

#[test]
fn an_agents_flood_of_nonces_is_429_and_leaves_room_for_an_approver() {
    let served = Served::start_with(|settings| settings.limits.nonces_max = 8);
    let statuses: Vec<u16> = (0..7).map(|_| exchange(served.addr, &Ask::get("/queue")).status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 429]);
    assert_eq!(exchange(served.addr, &Ask::get("/queue").of("user")).status, 200);
}

#[test]
fn who_is_answered_when_the_server_stops_is_answered_and_who_waits_is_let_go() {
    let mut served = Served::start();
    let mut idle = Peer::connect(served.addr);
    assert_eq!(idle.send(Ask::get("/queue").bytes()).reply().status, 200);
    let mut listening = Peer::connect(served.addr);
    assert_eq!(listening.send(Ask::get("/events").bytes()).reply().status, 200);
    served.stop();
    assert_eq!(idle.until_closed(), "");
    listening.until_closed();
    assert!(std::net::TcpStream::connect(served.addr).is_err());
}
