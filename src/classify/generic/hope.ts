/**
 * Words of hope ("try again later"): a 5yz that carries them is no verdict on the address.
 * Pure.
 */

/** Words of hope ("try again later"). */
export const hope = [
  'temporar*',
  'later',
  'try again',
  'in progress',
  'unverified address',
  'lookup failure',
  'lookup failed',
  'lookup error',
  'greylist*',
  'graylist*',
  'retry',
]
