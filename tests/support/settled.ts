/** Lets the event loop turn until `until` holds; answers whether it came to hold within `ms`. */
export const settled = async (until: () => boolean | Promise<boolean>, ms = 4000) => {
  for (const deadline = performance.now() + ms; performance.now() < deadline; ) {
    if (await until()) return true
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return false
}
