/** Where other commands find the running stack. */
export const STACK_FILE = '.local/stack.json'
