// A wall clock that nobody can trust: each look at it may be a day off, forwards or backwards.
const { now } = Date;
let state = process.pid;
Date.now = () => {
  state = (state * 48271) % 2147483647;
  return now() + ((state % 3) - 1) * 86_400_000;
};
