// The numbers by which the parts of a zip file are known (APPNOTE.TXT 6.3.10 of PKWARE), for reading and for writing.

/** What each part begins with. */
export const signatures = {
  member: 0x04034b50,
  entry: 0x02014b50,
  end: 0x06054b50,
  wideEnd: 0x06064b50,
  wideLocator: 0x07064b50,
} as const;

/** The bytes of each part, without the names and fields behind it. */
export const lengths = { member: 30, entry: 46, end: 22, wideEnd: 56, wideLocator: 20 } as const;

export const methods = { stored: 0, deflated: 8 } as const;

/** What stands in a field of 16 or 32 bits whose number is in one of 64. */
export const wide16 = 0xffff;
export const wide32 = 0xffffffff;
/** The extra field that has those. */
export const wideField = 1;

export const flags = { encrypted: 1, patched: 1 << 5, strong: 1 << 6, utf8: 1 << 11, hidden: 1 << 13 } as const;
