// A wall clock that is put back by a day, again every second.
const { now } = Date;
Date.now = () => now() - Math.floor(process.uptime()) * 86_400_000;
