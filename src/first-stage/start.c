/*
 * The entry: the kernel, or the dynamic loader, jumps here instead of to the runtime's own entry `runtime_entry`, whose
 * address the linker is given. The stack is handed to the first stage and the runtime starts with the one that comes
 * back; what else the ABI defines at a process's start (the loader's function to be run at the end, in rdx or x0) stays.
 */
#if defined(__x86_64__)
__asm__(
    ".section .text.start, \"ax\", @progbits\n"
    ".globl first_stage_entry\n"
    ".type first_stage_entry, @function\n"
    "first_stage_entry:\n"
    "  mov %rsp, %rdi\n"
    /* Two words stay free below the stack; with the loader's function the stack is aligned to 16 bytes for the call. */
    "  sub $24, %rsp\n"
    "  push %rdx\n"
    "  call run_first_stage\n"
    "  pop %rdx\n"
    "  mov %rax, %rsp\n"
    "  xor %ebp, %ebp\n"
    "  jmp runtime_entry\n");
#elif defined(__aarch64__)
__asm__(
    ".section .text.start, \"ax\", %progbits\n"
    ".globl first_stage_entry\n"
    ".type first_stage_entry, %function\n"
    "first_stage_entry:\n"
    "  mov x19, x0\n"
    "  mov x0, sp\n"
    /* Two words stay free below the stack, which is aligned to 16 bytes. */
    "  sub sp, sp, #16\n"
    "  bl run_first_stage\n"
    "  mov sp, x0\n"
    "  mov x0, x19\n"
    "  mov x29, xzr\n"
    "  mov x30, xzr\n"
    "  adrp x16, runtime_entry\n"
    "  add x16, x16, :lo12:runtime_entry\n"
    "  br x16\n");
#endif
