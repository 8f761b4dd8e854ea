// Doubles of Arrow's vectors, which test/interop holds against the real ones.

/** A chunk, as far as nonlin looks at it. */
export interface Column {
  readonly type: { readonly typeId: number; readonly listSize?: number };
  readonly length: number;
  readonly nullCount?: number;
  readonly values?: ArrayBufferView;
  readonly children?: readonly Column[];
}

interface Chunk extends Column {
  readonly nullCount: number;
  readonly offset: number;
  readonly stride: number;
  readonly children: readonly Column[];
}

export interface Vector {
  readonly data: readonly Chunk[];
  readonly type: { readonly typeId: number };
  readonly length: number;
  readonly nullCount: number;
  readonly stride: number;
  toArray(): unknown;
}

const chunkOf = (column: Column): Chunk => {
  const { type, length, nullCount = 0, values, children = [] } = column;
  // A list that has itself in it has nothing to be copied to.
  const inner = children.map((child) => (child === column || child === null ? child : chunkOf(child)));
  if (children.includes(column)) return { ...(column as Chunk), nullCount };
  return { type, length, nullCount, offset: 0, stride: 1, children: inner, ...(values && { values }) };
};

/** A vector of chunks. */
export function vector(...columns: Column[]): Vector {
  const data = columns.map(chunkOf);
  const sum = (of: (chunk: Chunk) => number) => data.reduce((total, chunk) => total + of(chunk), 0);
  return {
    data,
    type: columns[0]?.type ?? { typeId: 3 },
    length: sum(({ length }) => length),
    nullCount: sum(({ nullCount }) => nullCount),
    stride: 1,
    toArray: () => columns.map(({ values }) => values),
  };
}
