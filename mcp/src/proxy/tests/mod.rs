//! The proxy between peers that the tests play themselves, with a judge that does as it is told.

mod calls;
mod hostile;
mod pins;
mod rig;
mod through;
