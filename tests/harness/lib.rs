//! What the tests share: built programs, a server in a child process, fakes of the seams.
