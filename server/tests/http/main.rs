//! The server's HTTP side over real sockets: who gets in, what is refused in which words, and that no peer holds
//! another up.

mod admission;
mod crowd;
mod peer;
mod served;
mod shape;
mod site;
mod streams;
