//! Sockets of others, of every kind.

use std::{
    fs,
    net::{TcpListener, UdpSocket},
    os::{
        linux::net::SocketAddrExt,
        unix::{
            fs::PermissionsExt,
            net::{SocketAddr, UnixDatagram, UnixListener},
        },
    },
    process::Command,
};

use ccc_confine::{Defence, Level, Network, Record};

use super::ground::{Ground, each, ended, started, verdict, walls};

/// What a bridge, a session bus, an ssh agent or a docker daemon listens on.
#[test]
fn a_socket_outside_by_its_path() {
    each(walls(&[Defence::Sockets, Defence::LandlockFiles]), |ground, off| {
        let path = ground.path("outside/socket");
        let _listener = UnixListener::bind(&path).unwrap();
        open_to_all(&path);
        ground.kept_by(&ground.record(&["connect_local", &ground.text("outside/socket")]), off);
    });
}

#[test]
fn a_socket_outside_by_an_abstract_name() {
    each(walls(&[Defence::Sockets, Defence::LandlockScope]), |ground, off| {
        let name = format!("ccc-confine-test-{}-{}-{:?}", std::process::id(), ground.level, ground.who);
        let _listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        ground.kept_by(&ground.record(&["connect_local", &format!("@{name}")]), off);
    });
}

/// On the machine's network abstract names are the machine's too.
#[test]
fn an_abstract_name_on_the_machines_network() {
    each(
        |_| vec![Defence::Sockets, Defence::LandlockScope],
        |ground, off| {
            let name = format!("ccc-confine-host-{}-{}-{:?}", std::process::id(), ground.level, ground.who);
            let _listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
            let record = Record {
                network: Network::Host,
                local_sockets: true,
                ..ground.record(&["connect_local", &format!("@{name}")])
            };
            ground.kept_by(&record, off);
        },
    );
}

/// A pair stays, but no kind of it that can be pointed elsewhere.
#[test]
fn a_datagram_from_one_end_of_a_pair() {
    each(walls(&[Defence::Sockets, Defence::LandlockFiles]), |ground, off| {
        let path = ground.path("outside/datagrams");
        let _receiver = UnixDatagram::bind(&path).unwrap();
        open_to_all(&path);
        ground.kept_by(&ground.record(&["send_by_pair", &ground.text("outside/datagrams")]), off);
    });
}

fn open_to_all(path: &std::path::Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
}

#[test]
fn datagrams_and_connections_without_a_network() {
    let off =
        |level| if level == Level::Full { vec![Defence::Sockets, Defence::Network] } else { vec![Defence::Sockets] };
    each(off, |ground, off| {
        let (datagrams, connections) = receivers();
        ground.kept_by(&ground.record(&["udp", &datagrams.local_addr().unwrap().port().to_string()]), off);
        ground.kept_by(&ground.record(&["tcp", &connections.local_addr().unwrap().port().to_string()]), off);
    });
}

#[test]
fn families_beside_the_internet() {
    // Packet, netlink of the kernel's audit, key, algorithm, virtual machine, bluetooth: on any network.
    for (family, kind, protocol) in [("17", "2", "0"), ("16", "3", "9"), ("38", "5", "0"), ("40", "1", "0")] {
        each(
            |_| Vec::new(),
            |ground, _| {
                let record = Record { network: Network::Host, ..ground.record(&["family", family, kind, protocol]) };
                assert!(!ground.gets_through(&record, &[]), "{family}");
            },
        );
    }
}

fn receivers() -> (UdpSocket, TcpListener) {
    (UdpSocket::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap())
}

#[test]
fn a_private_network_has_a_loopback_of_its_own() {
    each(
        |_| vec![Defence::Network],
        |ground, off| {
            if ground.level == Level::Files {
                let output = ground.run(&Record { network: Network::Private, ..ground.record(&["own_loopback"]) }, &[]);
                assert_eq!(output.status.code(), Some(125), "{output:?}");
                return;
            }
            let (datagrams, connections) = receivers();
            let private = |attempt: &[&str]| Record { network: Network::Private, ..ground.record(attempt) };
            assert!(ground.gets_through(&private(&["own_loopback"]), &[]));
            ground.kept_by(&private(&["tcp", &connections.local_addr().unwrap().port().to_string()]), off);
            // A datagram to nobody is sent all the same: whether it arrived is what counts.
            assert!(ground.gets_through(&private(&["udp", &datagrams.local_addr().unwrap().port().to_string()]), &[]));
            datagrams.set_nonblocking(true).unwrap();
            assert!(datagrams.recv(&mut [0; 8]).is_err());
        },
    );
}

#[test]
fn the_machines_network_where_it_is_given() {
    each(
        |_| Vec::new(),
        |ground, _| {
            let (datagrams, connections) = receivers();
            for (attempt, port) in [("udp", datagrams.local_addr()), ("tcp", connections.local_addr())] {
                let record =
                    Record { network: Network::Host, ..ground.record(&[attempt, &port.unwrap().port().to_string()]) };
                assert!(ground.gets_through(&record, &[]), "{attempt}");
            }
        },
    );
}

#[test]
fn a_program_that_may_only_listen_connects_nowhere() {
    each(
        |_| vec![Defence::Sockets, Defence::LandlockNetwork],
        |ground, off| {
            let (datagrams, connections) = receivers();
            let (datagrams, connections) =
                (datagrams.local_addr().unwrap().port(), connections.local_addr().unwrap().port());
            for (attempt, port) in [("tcp", connections), ("udp", datagrams)] {
                let record = Record { network: Network::BindOnly, ..ground.record(&[attempt, &port.to_string()]) };
                ground.kept_by(&record, off);
            }
        },
    );
}

/// Landlock does not see a connection that sending makes, so the filter must.
#[test]
fn a_program_that_may_only_listen_connects_by_sending_nowhere() {
    each(
        |_| vec![Defence::Sockets],
        |ground, off| {
            let (_, connections) = receivers();
            let port = connections.local_addr().unwrap().port().to_string();
            ground.kept_by(&Record { network: Network::BindOnly, ..ground.record(&["tcp_by_sending", &port]) }, off);
        },
    );
}

/// Each wall alone keeps connections in: the filter without Landlock, and Landlock where local sockets need the call.
#[test]
fn a_program_that_may_only_listen_is_kept_twice() {
    each(
        |_| Vec::new(),
        |ground, _| {
            let (_, connections) = receivers();
            let port = connections.local_addr().unwrap().port().to_string();
            let record = Record { network: Network::BindOnly, local_sockets: true, ..ground.record(&["tcp", &port]) };
            for off in [Defence::Sockets, Defence::LandlockNetwork] {
                let keeps = off == Defence::Sockets || ground.level == Level::Files;
                assert_eq!(ground.gets_through(&record, &[off]), !keeps, "{off:?}");
            }
        },
    );
}

#[test]
fn a_program_that_may_only_listen_is_reached() {
    each(
        |_| Vec::new(),
        |ground, _| {
            let said = ground.path("work/port");
            let record = Record { network: Network::BindOnly, ..ground.record(&["listen", said.to_str().unwrap()]) };
            let child = started(&mut ground.launcher(&[]), &record);
            let port = wait_for(&said);
            let reached = Command::new("/usr/bin/python3")
            .args(["-c", "import socket, sys; sys.exit(socket.create_connection(('127.0.0.1', int(sys.argv[1]))).recv(9) != b'hello')", &port])
            .status();
            assert!(reached.unwrap().success());
            assert!(verdict(&ended(child), &[]));
        },
    );
}

fn wait_for(file: &std::path::Path) -> String {
    let began = std::time::Instant::now();
    loop {
        match fs::read_to_string(file) {
            Ok(text) => return text,
            Err(_) if began.elapsed().as_secs() < 20 => std::thread::yield_now(),
            Err(error) => panic!("nobody listens: {error}"),
        }
    }
}

#[test]
fn local_sockets_of_its_own_where_they_are_given() {
    each(
        |_| Vec::new(),
        |ground: &Ground, _| {
            let own = "import socket, os\ns = socket.socket(socket.AF_UNIX); s.bind('own'); s.listen(); socket.socket(socket.AF_UNIX).connect('own')";
            let mut record = ground.record(&[]);
            record.args = vec!["-c".into(), own.into()];
            assert!(!ground.run(&record, &[]).status.success());
            record.local_sockets = true;
            assert_eq!(ground.run(&record, &[]).status.success(), ground.level == Level::Full);
        },
    );
}
