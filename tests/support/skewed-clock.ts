// A preload: this process's clock is ahead (or, negative, behind) by the milliseconds that CLOCK_AHEAD_MS names.
const ahead = Number(process.env.CLOCK_AHEAD_MS ?? 0)
const now = Date.now.bind(Date)
Date.now = () => now() + ahead
