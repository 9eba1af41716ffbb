/**
 * Blocks end when their time is up, also while nobody has removed them yet.
 * Pure.
 */
import type { AddressRecord, Block } from './address-record.ts'

/** Whether a block is in force. */
export function inForce(block: Block, now: number): boolean {
  return block.until === null || block.until > now
}

/** The record as of `now`: without a block whose time is up. */
export function asOf(record: AddressRecord | null, now: number): AddressRecord | null {
  return record?.block && !inForce(record.block, now) ? { ...record, block: null } : record
}
