/** The words of the pages on which things are made and changed. */
export const editing = {
  develop: {
    page: { simulator: "Simulator" },
    words: "Says",
    from: "From",
    attachments: "Attachments",
    leftOut: "Left out",
    nothingCaught: "Nothing was caught yet",
    nothingCaughtHint: "Messages of simulated vendors appear here as they were rendered. Trigger a workflow:",
  },
};
