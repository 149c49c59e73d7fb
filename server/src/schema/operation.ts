/** One step of a change of the schema. */
export interface Operation {
  readonly kind:
    | 'create_collection'
    | 'drop_collection'
    | 'rename_collection'
    | 'add_field'
    | 'drop_field'
    | 'rename_field'
    | 'change_field'
    | 'add_index'
    | 'drop_index'
    | 'change_rules'
    | 'change_history';
  readonly collection: string;
  readonly field?: string;
  readonly summary: string;
  readonly sql: readonly string[];
  /** A count that the plan shows, as SQL over the tables before the change. */
  readonly counts?: Readonly<Record<string, string>>;
  /** What the counted things mean: values that go, rows that stand in the way. */
  readonly hazard?: 'DELETES_DATA' | 'MAY_FAIL';
}
