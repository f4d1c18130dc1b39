/** How many generated files each property of an edit is tried on: VOUCH_PROPERTY_RUNS=10000 for a long run. */
export const propertyRuns = Number(process.env["VOUCH_PROPERTY_RUNS"] ?? 200);
