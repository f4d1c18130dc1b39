/** What a token is for. It belongs to the role that it came from: a publish token is one of a publish role. */
export const purposes = ["read", "publish"] as const;

export type Purpose = (typeof purposes)[number];

/** The argument by which a helper starts this executable to ask for the touch that publishing needs. */
export const touchArgument = "--touch-to-publish";
